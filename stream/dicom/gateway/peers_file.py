"""Changing `peers.toml` by command: entries come and go whole, and what people wrote around them stays."""

import json
from collections.abc import Mapping
from pathlib import Path

from stream.archive.durable import sync_folder, write_temp
from stream.dicom.gateway.peers import HEADER, WrongEntry, parse_peers, read_entry, read_peers
from stream.errors import AnswerIsNo, CannotStart, WrongUse


def add_peer(file: Path, entry: Mapping[str, object]) -> None:
    """Write an entry at the end; WrongUse where a field is wrong or the AE title is there already."""
    try:
        title = read_entry(entry).ae_title
    except WrongEntry as error:
        raise WrongUse(f"{error}.") from None
    if title in (read_peers(file) or {}):
        raise WrongUse(f"{title} is in {file} already: remove it first, or change the file.")
    # what JSON writes of texts, whole numbers and lists of texts is TOML too
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in entry.items()]
    before = file.read_text() if file.exists() else ""
    block = "\n".join(["[[peer]]", *lines, ""])
    _write(file, before + ("\n" if before.endswith("\n") else "\n\n" if before else "") + block)


def remove_peer(file: Path, title: str) -> None:
    """Take out an entry with the comment right above it; AnswerIsNo where there is none of this AE title."""
    peers = read_peers(file) or {}
    if title not in peers:
        raise AnswerIsNo(f"{title} is not in {file}: `scanstream peers list` shows who is.")
    lines = file.read_text().splitlines(keepends=True)
    heads = [number for number, line in enumerate(lines) if HEADER.match(line)]
    starts = [_comment_start(lines, head) for head in heads] + [len(lines)]
    at = list(peers).index(title)
    _write(file, "".join(lines[: starts[at]] + lines[starts[at + 1] :]))


def _comment_start(lines: list[str], head: int) -> int:
    """The first line of the comment that stands right above a head."""
    while head and lines[head - 1].lstrip().startswith("#"):
        head -= 1
    return head


def _write(file: Path, text: str) -> None:
    """In one step, so that nobody reads half of it; a link stays one."""
    parse_peers(text.encode(), file.name)
    target = file.resolve()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temp, _ = write_temp(target.parent, [text.encode()])
        if target.exists():
            temp.chmod(target.stat().st_mode & 0o777)
        temp.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise CannotStart(
            f"{file} cannot be written ({error.strerror}): correct its rights, or change it by hand."
        ) from None
