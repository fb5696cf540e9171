"""Complete what is being typed, for the scripts in `shells/`, and set up a shell to read them.

A shell runs `asnrules` with `_ASNRULES_COMPLETE` set to its name and the words so far as arguments,
and gets a line for each word that may come next, with a note after a tab. typer's own
scripts would split a database URL at its colons, and import rich for each note.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

VARIABLE = "_ASNRULES_COMPLETE"
DATABASE = "database"  # The name of the option that the words before a command may give

Pairs = list[tuple[str, str]]
"""Words, each with a note."""
Completer = Callable[..., Pairs]
"""Called with the context and, if it takes that, the incomplete word."""

_SCRIPTS = Path(__file__).parent / "shells"


# ------------------------------------------------------------- what options and arguments take


def _of_vocabulary(name: str) -> Completer:
    def complete(context: typer.Context, incomplete: str) -> Pairs:
        from asnrules.catalog.suggestions import words

        return [(_as_typed(word, incomplete), note) for word, note in words(context.obj, name)]

    return complete


def _of_rulesets(kind: str | None = None, status: str | None = None) -> Completer:
    def complete(context: typer.Context) -> Pairs:
        from asnrules.catalog.suggestions import rulesets

        return rulesets(context.obj, kind=kind, status=status)

    return complete


def _as_typed(word: str, incomplete: str) -> str:
    """Write a word in the case that the user has begun to type."""
    if incomplete.islower():
        return word.lower()
    return word.upper() if incomplete.isupper() else word


exp_types = _of_vocabulary("exp_types")
instruments = _of_vocabulary("instruments")
member_types = _of_vocabulary("member_types")
specials = _of_vocabulary("specials")
asn_types = _of_vocabulary("asn_types")
rulesets = _of_rulesets()
tables = _of_rulesets("table")
rules = _of_rulesets("rules")
drafts = _of_rulesets(status="draft")


def runs(context: typer.Context, incomplete: str) -> Pairs:
    """Complete the number of a run."""
    from asnrules.catalog.suggestions import runs

    return runs(context.obj, incomplete)


def keyword_values(context: typer.Context, incomplete: str) -> Pairs:
    """Complete KEYWORD=VALUE or an EXP_TYPE, unless the word may be the name of a file."""
    from glob import escape, glob

    from asnrules.catalog.suggestions import words

    keyword, given, value = incomplete.partition("=")
    if given and keyword.upper() == "EXP_TYPE":
        return [(f"{keyword}={word}", note) for word, note in exp_types(context, value)]
    if given or not keyword or glob(f"{escape(incomplete)}*"):  # noqa: PTH207
        return []
    keywords = [
        (f"{_as_typed(word, keyword)}=", note) for word, note in words(context.obj, "keywords")
    ]
    return [*keywords, *exp_types(context, incomplete)]


# ------------------------------------------------------------- which of them is being typed


class _Place(NamedTuple):
    """Where the words so far lead to."""

    command: TyperCommand | TyperGroup
    option: TyperOption | None
    """That whose value comes next."""
    arguments: int
    """How many arguments the command has already."""
    takes_options: bool
    database: str | None


def suggest(root: TyperGroup, words: Sequence[str], incomplete: str) -> Pairs:
    """Give what a word may become, which stands after other words and is incomplete."""
    place = _place(root, words)
    if place is None:
        return []
    command = place.command
    if place.option is not None:
        return _values(place, place.option, incomplete)
    if place.takes_options and incomplete.startswith("-"):
        name, glued, value = incomplete.partition("=")
        if not glued:
            return _values(place, command, incomplete)
        option = _find_option(command, name)
        pairs = _values(place, option, value) if option else []
        return [(f"{name}={word}", note) for word, note in pairs]
    if isinstance(command, TyperGroup):
        return _values(place, command, incomplete)
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    # The last one may take all words that follow.
    if arguments and arguments[-1].nargs == -1:
        arguments += [arguments[-1]] * place.arguments
    following = arguments[place.arguments :]
    return _values(place, following[0], incomplete) if following else []


def _place(root: TyperGroup, words: Sequence[str]) -> _Place | None:
    """Follow the words; None if they lead to no command."""
    command: TyperCommand | TyperGroup = root
    awaited: TyperOption | None = None
    arguments, takes_options, values = 0, True, {}
    for word in words:
        if awaited is not None and not word.startswith("--"):
            values[awaited.name] = word
            awaited = None
        elif takes_options and word == "--":
            takes_options = False
        elif takes_options and word.startswith("-") and word != "-":
            name, glued, value = word.partition("=")
            awaited = _find_option(command, name)
            if awaited is not None and glued:
                values[awaited.name] = value
                awaited = None
        elif not isinstance(command, TyperGroup):
            arguments += 1
        elif word in command.commands:
            command = cast("TyperCommand | TyperGroup", command.commands[word])
        else:
            return None
    database = os.environ.get("ASNRULES_DATABASE")
    if (named := values.get(DATABASE)) is not None:
        # The shell has not yet done to it what it will do. No Path, as it may be a URL.
        database = os.path.expandvars(os.path.expanduser(named))  # noqa: PTH111
    return _Place(command, awaited, arguments, takes_options, database)


def _find_option(command: TyperCommand | TyperGroup, name: str) -> TyperOption | None:
    """Give the option of that name, if it takes a value."""
    options = (one for one in command.params if isinstance(one, TyperOption) and not one.is_flag)
    return next((one for one in options if name in one.opts), None)


def _values(
    place: _Place,
    what: TyperOption | TyperArgument | TyperCommand | TyperGroup,
    incomplete: str,
) -> Pairs:
    """Give what the value of a parameter may become, or a name of a command or its options."""
    context = typer.Context(place.command, obj=place.database, resilient_parsing=True)
    return [(one.value, one.help or "") for one in what.shell_complete(context, incomplete)]


# ------------------------------------------------------------- what is said to the shell


def answer(root: TyperGroup, shell: str, arguments: Sequence[str]) -> str:
    """Give what a shell is to read: a line for each word that may come next.

    The arguments are the words after the command, the last one incomplete; of bash the line up to
    the cursor, and what it takes for the last word. The answer is empty if anything goes wrong, as
    an error message would disturb the typing.
    """
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            if shell == "bash":
                return _answer_bash(root, *arguments)
            *words, incomplete = arguments
            pairs = suggest(root, words, incomplete)
    except Exception:
        return ""
    return "".join(f"{word}\t{' '.join(note.split())}\n" for word, note in pairs)


def _answer_bash(root: TyperGroup, line: str, last: str) -> str:
    _, *words = _split(line)
    incomplete = words.pop() if words and not line[-1].isspace() else ""
    # bash breaks words at = and :, and replaces what is after the last break.
    before = len(incomplete) - len(last) if incomplete.endswith(last) else 0
    return "".join(f"{word[before:]}\n" for word, _ in suggest(root, words, incomplete))


def _split(line: str) -> list[str]:
    """Split a line as a shell does, though a quotation may still be open."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(iter(lexer))
    except ValueError:
        words.append(lexer.token)
    return words


# ------------------------------------------------------------- how a shell is set up


Shell = Literal["bash", "zsh", "fish"]
"""A shell that can complete what is typed."""


def completion_script(shell: Shell) -> str:
    """Give the script that a shell has to read."""
    return (_SCRIPTS / f"completion.{shell}").read_text(encoding="utf-8")


def install_completion(shell: Shell) -> list[Path]:
    """Put the script where the user's shell reads it.

    Gives the script, and the file that was added to so that the shell reads it, if there is one.
    """
    from asnrules.database.names import default_path
    from asnrules.errors import OutputError, UsageError
    from asnrules.util.atomic_files import whole_file

    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError("there is no home folder; use --show-completion") from error
    if shell == "fish":
        script = _folder("XDG_CONFIG_HOME", home / ".config") / "fish/completions/asnrules.fish"
        starts = []
    else:
        script = default_path().parent / f"completion.{shell}"
        start = home / ".bashrc" if shell == "bash" else _folder("ZDOTDIR", home) / ".zshrc"
        starts = [start]
    try:
        # It may become the folder of a database, which is for its owner only.
        script.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_file(script, overwrite=True) as stream:
            stream.write(completion_script(shell).encode())
        name = shlex.quote(str(script))
        for start in starts:
            _add_line(start, f"[ -r {name} ] && . {name}")
    except OSError as error:
        raise OutputError(
            f"{error.filename}: {os.strerror(error.errno or 0)}; save what --show-completion "
            "prints and source it"
        ) from error
    return [script, *starts]


def _folder(variable: str, otherwise: Path) -> Path:
    named = os.environ.get(variable)
    return Path(named) if named else otherwise


def _add_line(path: Path, line: str) -> None:
    """Add a line to a file that does not have it; the rest stays as it is."""
    present = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if line not in present.splitlines():
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n" if present[-1:] in {"", "\n"} else f"\n{line}\n")
