"""What a search may set of a model, within which limits, and what the model has now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import optuna

from models.serving.lstm import CORES
from models.training.blueprints import Blueprint

OF_ARCHITECTURE = ("core", "hidden", "members")
WITH_FACTS = ("context_decay", "context_dropout")
"""Settings that only matter to a model that sees clinical facts."""

Settings = Mapping[str, Any]


def present(blueprint: Blueprint) -> Settings:
    """The settings a blueprint has now."""
    own = {name: getattr(blueprint.architecture, name) for name in OF_ARCHITECTURE}
    fitted = blueprint.settings.items()
    return own | {name: value for name, value in fitted if name not in WITH_FACTS or name in _facts(blueprint)}


def with_settings(blueprint: Blueprint, settings: Settings) -> Blueprint:
    """The blueprint with other settings; KeyError where one of the architecture is missing."""
    own = {name: settings[name] for name in OF_ARCHITECTURE}
    fitted = {name: value for name, value in settings.items() if name not in own}
    return replace(blueprint, architecture=replace(blueprint.architecture, **own), **fitted)


def suggested(trial: optuna.Trial, blueprint: Blueprint) -> Settings:
    """Settings for a trial to take."""
    settings = {
        "core": trial.suggest_categorical("core", list(CORES)),
        "hidden": trial.suggest_int("hidden", 4, 32, log=True),
        "members": trial.suggest_int("members", 2, 20, log=True),
        "epochs": trial.suggest_int("epochs", 10, 200, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.002, 0.1, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 0.01, 10.0, log=True),
    }
    if _facts(blueprint):
        settings["context_decay"] = trial.suggest_float("context_decay", 0.01, 10.0, log=True)
        settings["context_dropout"] = trial.suggest_float("context_dropout", 0.0, 0.9)
    return settings


def _facts(blueprint: Blueprint) -> tuple[str, ...]:
    return WITH_FACTS if blueprint.architecture.context_names else ()
