"""Every error that a user can see, each with its exit code.

An error is one line that names the input, the place and the mend. Library functions raise
these; only the command line turns them into a message on stderr and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence


class AsnrulesError(Exception):
    """Base of all errors of this package.

    Attributes
    ----------
    exit_code : int
        The exit code of a command that ends with this error.
    details : sequence of str
        A line for each of several things that are wrong; the message then sums them up.
    """

    exit_code = 2
    details: Sequence[str] = ()


class UsageError(AsnrulesError):
    """A usage error: an option or argument that is not valid, or not with another."""


class PoolError(AsnrulesError):
    """A pool that cannot be read, or an exposure in it that cannot be worked."""

    @classmethod
    def at(
        cls,
        name: str,
        problem: str,
        mend: str,
        *,
        line: int | None = None,
        column: str | None = None,
    ) -> PoolError:
        """Build the error for a place in a pool file.

        Parameters
        ----------
        name : str
            The pool, as the user named it.
        problem, mend : str
            What is wrong, and what to do about it.
        line : int, optional
            Line number in the (decompressed) file, counted from 1.
        column : str, optional
            Name of the column, or its number where it has no name.
        """
        place = name
        if line is not None:
            place += f", line {line}"
        if column is not None:
            place += f", column {column}"
        return cls(f"{place}: {problem}; {mend}")


class AssociationFileError(AsnrulesError):
    """An association file that cannot be read, or is none of a Stage 2 association."""


class RulesetError(AsnrulesError):
    """A ruleset file or ruleset that is not well formed."""


class OutputError(AsnrulesError):
    """Files that cannot be written, or would replace others."""


class NotFoundError(AsnrulesError):
    """Something named by the user does not exist."""

    exit_code = 3


class ProcessError(AsnrulesError):
    """Another process that shared the work did not end it."""


class DatabaseError(AsnrulesError):
    """The database is unreachable, or its schema is older or newer than the program."""

    exit_code = 4


class StoredValueError(DatabaseError):
    """A stored value that cannot be what was stored: somebody has changed the database.

    Parameters
    ----------
    of : str
        What it belongs to, such as `run 3`.
    table, column : str
        Where it is.
    problem : str
        What is wrong with it.

    Attributes
    ----------
    of, table, column, problem : str
        As given.
    """

    def __init__(self, of: str, table: str, column: str, problem: str) -> None:
        super().__init__(
            f"the database was changed by other means than asnrules: {of}, table {table}, column "
            f"{column}: {problem}; asnrules audit verify lists all"
        )
        self.of, self.table, self.column, self.problem = of, table, column, problem
