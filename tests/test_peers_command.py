"""The list of senders by command: what it says, what it lets in, and that nothing else in the file is touched."""

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from stream.__main__ import build_app
from stream.dicom.gateway.peers import read_peers
from stream.dicom.pseudonyms import KEY_BYTES, Pseudonyms
from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import PREFIX
from stream.storage.database import Connection
from stream.storage.intake.refusals import Refusal, count_refusals
from stream.storage.patients.vault import keep_patients
from tests.database import Database

Command = Callable[..., Result]
NOW = dt.datetime.now(dt.UTC)
BY_HAND = """# scanners of the second floor

# the new one
[[peer]]
ae_title = "CT2"   # as its label says

# kept for the old PACS
[[peer]]
ae_title = "OLD"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "senders.toml"


@pytest.fixture
def command(file: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`scanstream peers …` on a file that is not there yet."""
    monkeypatch.setenv(f"{PREFIX}PEERS_FILE", str(file))
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", str(file.parent))
    return lambda *words: CliRunner().invoke(build_app(), ["peers", *words])


def test_a_sender_is_added_checked_and_removed(command: Command, file: Path) -> None:
    words = ["--address", "10.1.2.3", "--address", "10.1.9.0/24", "--issuer", "NORTH", "--kinds", "sr"]
    added = command("add", "CT1", *words, "--files-per-minute", "60")
    assert "nobody else may send" in added.output
    (peer,) = read_peers(file).values()
    assert (peer.ae_title, peer.issuer, peer.kinds, peer.files_per_minute) == ("CT1", "NORTH", ("sr",), 60)
    assert command("check", "CT1", "--address", "10.1.9.200").exit_code == 0
    for no in (["check", "CT1", "--address", "10.2.0.1"], ["check", "CT2"]):
        assert isinstance(command(*no).exception, AnswerIsNo)
    assert "nobody may send" in command("remove", "CT1").output
    assert read_peers(file) == {}


def test_what_people_wrote_in_the_file_stays(command: Command, file: Path) -> None:
    file.write_text(BY_HAND)
    file.chmod(0o640)
    command("add", "CT1", "--address", "10.1.2.3")
    assert file.read_text() == BY_HAND + '\n[[peer]]\nae_title = "CT1"\naddress = ["10.1.2.3"]\n'
    command("remove", "CT2")
    assert file.read_text().startswith("# scanners of the second floor\n\n# kept for the old PACS\n[[peer]]\n")
    assert list(read_peers(file)) == ["OLD", "CT1"]
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["add", "CT1", "--address", "10.1.2"], WrongUse, "address: '10.1.2' is no address"),
        (["add", "OLD"], WrongUse, "OLD is in .* already"),
        (["add", "CT1", "--certificate", "there is no such file"], WrongUse, "no sha256 of a certificate"),
        (["add", "CT1", "--kinds", "ct"], WrongUse, "kinds: 'ct' is none of image"),
        (["remove", "CT1"], AnswerIsNo, "CT1 is not in"),
        (["check", "OLD", "--address", "here"], WrongUse, "here is no address"),
    ],
)
def test_a_mistake_changes_nothing(
    command: Command, file: Path, words: list[str], error: type[Exception], said: str
) -> None:
    file.write_text(BY_HAND)
    failed = command(*words).exception
    assert isinstance(failed, error)
    with pytest.raises(error, match=said):
        raise failed
    assert file.read_text() == BY_HAND


def test_a_file_with_a_mistake_is_not_written_over(command: Command, file: Path) -> None:
    file.write_text("[[peer]]\nae_title = 7\n")
    for words in (["add", "CT1"], ["remove", "CT1"], ["check"], ["list"]):
        failed = command(*words).exception
        assert isinstance(failed, WrongUse)
        assert "senders.toml, line 2, ae_title: 7 is no text in quotes" in str(failed)


def test_a_folder_that_cannot_be_written_is_one_sentence(command: Command, file: Path) -> None:
    file.parent.joinpath("elsewhere").touch()
    file.symlink_to(file.parent / "elsewhere" / "peers.toml")
    assert isinstance(command("add", "CT1").exception, CannotStart)


@pytest.fixture
def gateway(command: Command, file: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """Commands on the file can ask Postgres, and so can the gateway."""
    for name, value in database.settings.environment().items():
        if name.startswith(PREFIX) and os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv(f"{PREFIX}PEERS_FILE", str(file))
    return database.connect("gateway")


def test_the_list_says_who_sent_last_and_who_was_refused(command: Command, file: Path, gateway: Connection) -> None:
    file.write_text(BY_HAND)
    gateway.execute("INSERT INTO core.senders VALUES ('CT2', '10.1.2.3', now(), now(), 7)")
    for ae_title in ("CT2", "CT9"):
        count_refusals(gateway, [Refusal(ae_title, "10.9.9.9", "address", "Not from there.", 2, NOW, NOW)])
    listed = json.loads(command("list", "--json").output)
    peers = {row["ae_title"]: (row["files"], row["refused"]) for row in listed["peers"]}
    assert (listed["listed"], peers) == (True, {"CT2": (7, 2), "OLD": (0, 0)})
    shown = command("list").output
    assert "refused CT9 from 10.9.9.9 2 times" in shown
    assert "refused CT2" not in shown


def test_an_ae_title_that_names_a_patient_is_refused_and_the_file_stays(
    command: Command, file: Path, gateway: Connection
) -> None:
    jane = {"patient_id": "PJ", "issuer": "", "mrn": "4711990", "name": "Doe^Jane", "birth_date": None, "sex": None}
    keep_patients(gateway, [jane])
    for title in ("CT DOE JANE", "4711990"):
        assert isinstance(command("add", title).exception, WrongUse)
    assert not file.exists()
    assert command("add", "CT JANE").exit_code == 0


def test_an_administrator_learns_which_sender_a_pseudonym_is(command: Command, file: Path) -> None:
    assert "sender-" not in command("check", "JANE_DOE").output  # there is no key, and none is made
    key = file.parent / "pseudonym.key"
    key.write_text("00" * KEY_BYTES)
    shown = Pseudonyms(bytes(KEY_BYTES)).sender("JANE_DOE")
    assert f"Where JANE_DOE names a patient, {shown} is shown" in command("check", "JANE_DOE").output
    file.write_text(BY_HAND)
    assert shown in command("check", "JANE_DOE").output
    assert "sender-" not in command("check", "CT2").output


def test_without_a_database_the_list_is_shown_all_the_same(command: Command, file: Path) -> None:
    assert "everybody who reaches the DICOM port may send" in command("list").output
    file.write_text(BY_HAND)
    assert "OLD" in command("list").output
