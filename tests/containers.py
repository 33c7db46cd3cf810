"""The services of docker-compose.yml as plain processes: its commands and environment, only addresses replaced."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
FROM_ELSEWHERE = ("kafka", "postgres")
"""Services with an image of their own: tests bring theirs."""
HEALTHY_SECONDS = 60.0

Service = dict[str, Any]


def compose_services(variables: Mapping[str, str]) -> dict[str, Service]:
    """The file's services as compose sees them with `variables` set."""
    file = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return _interpolated(file["services"], variables)


def _interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        # an environment variable without a value is handed on when it is set
        return {
            key: _interpolated(variables.get(key) if below is None else below, variables)
            for key, below in value.items()
            if below is not None or key in variables or not key.startswith("SCANSTREAM_")
        }
    if isinstance(value, list):
        return [_interpolated(below, variables) for below in value]
    return VARIABLE.sub(lambda found: _variable(found, variables), value) if isinstance(value, str) else value


def _variable(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, word = found.groups()
    return variables.get(name) or word or ""


class Containers:
    """Runs services below `folder` with the packages in `site`; `replaced` maps addresses of the file to real ones.

    Each sees those of `secrets` that the file gives it, as files.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        folder: Path,
        site: Path,
        replaced: Mapping[str, str],
        secrets: Mapping[str, str],
    ) -> None:
        self._services = services
        self._folder = folder
        self._site = site
        self._replaced = replaced
        self._secrets = secrets
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def up(self) -> None:
        """Start every service without a profile, each when what it depends on is as it demands."""
        graph = {name: service.get("depends_on", {}) for name, service in self._services.items()}
        for name in TopologicalSorter(graph).static_order():
            if name in FROM_ELSEWHERE or "profiles" in self._services[name]:
                continue
            for other, how in graph[name].items():
                self._wait_for(other, how["condition"])
            self.processes[name] = self._spawn(name)

    def wait_until_healthy(self, name: str) -> None:
        """Return when the health check of `name` succeeds; fails when its process ends before."""
        check = self._services[name]["healthcheck"]["test"]
        assert check[0] == "CMD"

        def healthy() -> bool:
            assert self.processes[name].poll() is None, self.log(name)
            command = self._command(name, check[1:])
            return subprocess.run(command, env=self._environment(name), capture_output=True).returncode == 0

        wait_until(healthy, HEALTHY_SECONDS)

    def run(self, name: str, *words: str) -> str:
        """What `docker compose run NAME WORDS` prints; fails where its exit code is not 0."""
        command = self._command(name, [*self._services[name]["entrypoint"], *words])
        ended = subprocess.run(
            command, env=self._environment(name), cwd=self._mount(name, "/data"), capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def log(self, name: str) -> str:
        """All that a service wrote."""
        return (self._folder / f"{name}.log").read_text()

    def down(self) -> None:
        """SIGTERM to all, as docker does; fails where one has to be killed."""
        for process in self.processes.values():
            process.terminate()
        with ExitStack() as last:
            for process in self.processes.values():
                last.callback(process.kill)
            for process in self.processes.values():
                process.wait(20)

    def _wait_for(self, name: str, condition: str) -> None:
        if name in FROM_ELSEWHERE:
            return
        if condition == "service_completed_successfully":
            assert self.processes[name].wait(HEALTHY_SECONDS) == 0, self.log(name)
        else:
            assert condition == "service_healthy"
            self.wait_until_healthy(name)

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("ab") as log:
            command = self._command(name, self._services[name]["command"])
            return subprocess.Popen(
                command, env=self._environment(name), cwd=self._mount(name, "/data"), stdout=log, stderr=log
            )

    def _command(self, name: str, words: Sequence[str]) -> list[str]:
        """The image's programs are this interpreter's."""
        programs = {"scanstream": [sys.executable, "-m", "stream"], "python": [sys.executable]}
        return [*programs[words[0]], *(self.real(name, word) for word in words[1:])]

    def _environment(self, name: str) -> dict[str, str]:
        given = {key: self.real(name, value) for key, value in self._services[name]["environment"].items()}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "PYTHONPATH": str(self._site),
            **given,
            **self._secret(name),
        }

    def _secret(self, name: str) -> dict[str, str]:
        folder = self._folder / f"{name}-secrets"
        if not folder.exists():  # once: who starts at that moment would read an empty one
            folder.mkdir()
            for secret in self._services[name]["secrets"]:
                (folder / secret).write_text(self._secrets[secret])
        return {"SCANSTREAM_SECRETS_DIR": str(folder)}

    def real(self, name: str, text: str) -> str:
        """`text` of the file with the addresses and folders that service `name` really has here."""
        for address, real in self._replaced.items():
            text = text.replace(address, real)
        top = "/" + text.split("/")[1] if text.startswith("/") else ""
        return text.replace(top, str(self._mount(name, top)), 1) if top else text

    def _mount(self, name: str, target: str) -> Path:
        """The folder of a named volume, shared by name, or of a tmpfs, each service's own; all else is not writable."""
        service = self._services[name]
        volumes = {words[1]: words[0] for words in (volume.split(":") for volume in service.get("volumes", []))}
        if target not in volumes and target not in service["tmpfs"]:
            return Path(os.devnull + target)
        folder = self._folder / (volumes.get(target) or f"{name}-tmpfs{target}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@contextmanager
def running(containers: Containers) -> Iterator[Containers]:
    """All services of `containers` started; leaving stops them."""
    try:
        containers.up()
        yield containers
    finally:
        containers.down()
