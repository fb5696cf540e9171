"""Read an association file that was made elsewhere, trusting nothing in it."""

from __future__ import annotations

import codecs
import glob
import hashlib
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from asnrules.associations.constraints import Constraints, read_constraints
from asnrules.associations.json_text import JsonError, read_json
from asnrules.associations.model import DEGRADED, NO_DEGRADED, Member, Product
from asnrules.associations.schema import kind_of, violations
from asnrules.errors import AssociationFileError
from asnrules.util.limits import ASSOCIATION_BYTES, ASSOCIATION_MEMBERS, ASSOCIATION_TEXT
from asnrules.util.text import label, program_name, shown

_PREFIXES = ("candidate_", "discover_")
_STAGE_3_RULE = re.compile(r"lv_?3|level_?3", re.IGNORECASE)
"""What the names of all rules of Stage 3 contain."""

_SPECTRUM = re.compile(r"_(?:x1d|x1dints|c1d)\.fits$")
"""How the names of extracted spectra end, which are the backgrounds of Stage 3."""

_STAGE_3_MEMBER = re.compile(
    rf"_(?:cal|calints|crf|crfints|tweakreg|i2d|s2d|s3d)\.fits$|{_SPECTRUM.pattern}"
)
"""How the names of the files end that Stage 3 starts from."""

_SCIENCE = "science"

BASE_RULE = "DMSLevel2bBase"
"""The rule that `asn_from_list` is told for Stage 2: the base of all, which takes anything."""

_OF_BASE_RULE = {"asn_type": "none", "asn_id": "a3001", "program": "noprogram"}
"""What `asn_from_list` writes by that rule where it is told nothing."""

_SHOWN = 6  # How many faults of a file are named


@dataclass(frozen=True, slots=True)
class ForeignAssociation:
    """An association that was made elsewhere, as its file has it; '' for what is missing."""

    file_name: str
    sha256: str
    asn_name: str
    """The name of its file less `.json`."""
    asn_type: str | None
    """None where the file has none, or only what `asn_from_list` writes for none."""
    raw_rule: str
    """The rule as written, with its prefix."""
    asn_id: str
    program: str
    target: str
    degraded_status: str
    code_version: str | None
    version_id: str | None
    asn_pool: str | None
    products: tuple[Product, ...]
    """One or more, with their members, none of which is tied to an exposure."""
    constraints: Constraints
    """What its constraints tell."""
    untold: frozenset[str] = frozenset()
    """The files of members without the key exposerr."""
    remarks: tuple[str, ...] = ()
    """What the file writes in another way than it is recorded: capitals, folders, spaces."""

    @property
    def is_by_hand(self) -> bool:
        """Whether it was made by hand, from a list of members, and not by a rule."""
        return self.asn_rule in {"", BASE_RULE}

    def tells(self, key: str) -> bool:
        """Tell whether it has a value for one of asn_type, asn_rule, asn_id and program."""
        if key == "asn_rule":
            return not self.is_by_hand
        value = getattr(self, key)
        return bool(value) and not (self.is_by_hand and value == _OF_BASE_RULE[key])

    @property
    def rule_prefix(self) -> str:
        """The prefix of the rule, which tells how jwst found its candidate; '' for none."""
        return next((one for one in _PREFIXES if self.raw_rule.startswith(one)), "")

    @property
    def asn_rule(self) -> str:
        """The rule as rulesets name it."""
        return self.raw_rule.removeprefix(self.rule_prefix)


def association_files(words: Sequence[str]) -> Iterator[str]:
    """Give the files that the words of a command line mean.

    A word is a file; a folder, which stands for its association files; or a pattern that no shell
    has expanded. One that stands for nothing is given as it is: reading it says what is wrong.
    """
    for word in words:
        found: list[str] = []
        # Path would fail where a name is too long for a file.
        if os.path.isdir(word):  # noqa: PTH112
            found = [str(path) for path in Path(word).glob("*asn.json")]
        elif glob.has_magic(word) and not os.path.lexists(word):
            # Path.glob takes no absolute pattern.
            found = glob.glob(word)  # noqa: PTH207
        yield from sorted(found) or [word]


def read_association(path: str, asn_types: Collection[str]) -> ForeignAssociation:
    """Read an association file; `asn_types` are the types of Stage 2 associations.

    Whatever is wrong with it is an AssociationFileError, in one line that names the file.
    """
    file = _File(label(path, 200))
    content = file.content(path)
    document, remarks = file.document(content)
    fields = _Fields(file, document)
    base = Path(path).name
    if not base.isprintable() or len(base) > ASSOCIATION_TEXT:
        raise file.error("its name is not one that can be recorded", "rename it")
    if not base.endswith(".json"):
        remarks.append("its name does not end in .json, of which jwst warns")
    constraints = document.get("constraints")
    normal = _Normaliser(remarks)
    rule = fields.told("asn_rule")
    raw_rule = normal.remarked("asn_rule", rule, rule.strip())
    products = _products(fields, normal)
    mend = f"give Stage 2 associations: {', '.join(sorted(asn_types))}"
    asn_type = _stage_2(fields, normal, raw_rule, asn_types, mend)
    _check_members(fields, products, raw_rule, mend)
    return ForeignAssociation(
        file_name=base,
        sha256=hashlib.sha256(content).hexdigest(),
        asn_name=base.lower().removesuffix(".json"),
        asn_type=asn_type,
        raw_rule=raw_rule,
        asn_id=normal.lower("asn_id", fields.told("asn_id")),
        program=normal.program(fields.told("program")),
        target=normal.lower("target", fields.optional("target") or ""),
        degraded_status=normal.degraded(fields.optional("degraded_status", lines=True) or ""),
        code_version=fields.optional("code_version"),
        version_id=fields.optional("version_id"),
        asn_pool=fields.optional("asn_pool"),
        products=products,
        constraints=read_constraints(constraints if isinstance(constraints, str) else ""),
        untold=frozenset(normal.untold),
        remarks=normal.remarks(),
    )


class _File(NamedTuple):
    """A file, as messages name it."""

    name: str

    def error(self, problem: str, mend: str = "give an association file") -> AssociationFileError:
        return AssociationFileError(f"{self.name}: {problem}; {mend}")

    def content(self, path: str) -> bytes:
        """Read the bytes, unless it is not a regular file or too large."""
        try:
            status = Path(path).stat()
            if stat.S_ISDIR(status.st_mode):
                raise self.error("is a folder without *asn.json files", "name association files")
            if not stat.S_ISREG(status.st_mode):
                raise self.error("is not a regular file", "save it as a file")
            size, content = status.st_size, b""
            if size <= ASSOCIATION_BYTES:
                with Path(path).open("rb") as stream:
                    content = stream.read(ASSOCIATION_BYTES + 1)
                size = len(content)
        except (OSError, ValueError) as error:
            reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
            mend = "name a file that exists and that you may read"
            raise self.error(f"cannot be read: {reason}", mend) from error
        if size > ASSOCIATION_BYTES:
            raise self.error(
                f"has {size:,} bytes, more than the {ASSOCIATION_BYTES:,} that are read",
                "give an association file, which has less than a million",
            )
        return content

    def document(self, content: bytes) -> tuple[dict[str, Any], list[str]]:
        """Read the object that the file holds, as the schema wants it, with remarks on its text."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(f"is not UTF-8 text: byte {error.start + 1}") from error
        if not text.strip():
            raise self.error("is empty", "fetch the file again")
        try:
            document, repeated = read_json(text)
        except JsonError as error:
            raise self.error(error.problem, error.mend) from error
        if not isinstance(document, dict):
            raise self.error(f"is not an association: it holds {kind_of(document)}")
        wrong = list(islice(violations(document), _SHOWN + 1))
        if wrong:
            more = ["and more"] if len(wrong) > _SHOWN else []
            mend = "give an association file, as jwst's schema demands it"
            raise self.error(", ".join([*wrong[:_SHOWN], *more]), mend)
        twice = "comes twice in one object, and the last one counts"
        remarks = [f"the key {shown(key)} {twice}" for key in repeated]
        if content.startswith(codecs.BOM_UTF8):
            remarks.append(
                "it begins with a byte order mark, and jwst will stop reading such files"
            )
        return document, remarks


class _Fields(NamedTuple):
    """The fields of an object of a file, each checked when it is asked for."""

    file: _File
    values: dict[str, Any]
    place: str = ""
    """Stands in messages before their names."""

    def refuse(self, problem: str, mend: str = "give an association file") -> NoReturn:
        raise self.file.error(problem, mend)

    def has(self, key: str) -> bool:
        """Tell whether there is a value, if only null."""
        return key in self.values

    def told(self, key: str) -> str:
        """Give a value that may be missing; '' if it is, or if it is null or blank."""
        value = self.optional(key) or ""
        return value if value.strip() else ""

    def optional(self, key: str, *, lines: bool = False) -> str | None:
        """Give a value that may be null or missing; only some have more than one line.

        Where the schema leaves open what it is, it is text as JSON writes it.
        """
        value = self.values.get(key)
        place = f"{self.place}{key}"
        if value is None:
            return None
        if not isinstance(value, str):
            value = json.dumps(value)
        if len(value) > ASSOCIATION_TEXT:
            self.refuse(f"{place} has {len(value):,} characters, more than {ASSOCIATION_TEXT}")
        plain = value.replace("\n", "") if lines else value
        if not plain.isprintable():
            self.refuse(f"{place} holds a control character: {shown(value)}", "mend the file")
        return value

    def objects(self, key: str) -> list[_Fields]:
        """Give the objects of a list."""
        return [
            _Fields(self.file, value, f"{self.place}{key}[{number}].")
            for number, value in enumerate(self.values[key])
        ]


def _stage_2(
    fields: _Fields, normal: _Normaliser, raw_rule: str, asn_types: Collection[str], mend: str
) -> str | None:
    """Give the type of an association that is one of Stage 2."""
    if _STAGE_3_RULE.search(raw_rule):
        fields.refuse(f"asn_rule {shown(raw_rule)} is a Stage 3 rule", mend)
    given = fields.told("asn_type")
    if given.strip().lower() in {"", _OF_BASE_RULE["asn_type"]}:
        return None
    asn_type = normal.lower("asn_type", given)
    if asn_type not in asn_types:
        what = "a Stage 3 type" if asn_type.endswith("3") else "not known"
        fields.refuse(f"asn_type {shown(asn_type)} is {what}", mend)
    return asn_type


def _check_members(fields: _Fields, products: Sequence[Product], raw_rule: str, mend: str) -> None:
    """Refuse a file whose sciences are what Stage 2 makes, joined in a product, or by no rule.

    One of them with the spectrum of a background is joined too.
    """
    for product in products:
        sciences = [one.expname for one in product.members if one.exptype == _SCIENCE]
        others = [one.expname for one in product.members if one.exptype != _SCIENCE]
        is_joined = len(sciences) > 1 or not raw_rule or any(map(_SPECTRUM.search, others))
        if sciences and is_joined and all(map(_STAGE_3_MEMBER.search, sciences)):
            what = f"such as {shown(sciences[0])}, are what Stage 2 makes"
            fields.refuse(f"is a Stage 3 association: its sciences, {what}", mend)


def _products(fields: _Fields, normal: _Normaliser) -> tuple[Product, ...]:
    products = []
    seen = set()
    count = 0
    if not fields.objects("products"):
        normal.remark("it has no products, so that jwst makes nothing of it")
    for given in fields.objects("products"):
        name = normal.product(given.told("name"))
        found = given.objects("members")
        count += len(found)
        if count > ASSOCIATION_MEMBERS:
            fields.refuse(
                f"it has more than the {ASSOCIATION_MEMBERS:,} members that are read",
                "give Stage 2 associations, which have fewer",
            )
        members = tuple(_member(member, normal) for member in found)
        if not members:
            normal.remark(f"the product {name} has no members, so that jwst makes nothing of it")
        if name and name in seen:
            normal.remark(f"the product {name} comes twice")
        seen.add(name)
        products.append(Product(name, members))
    return tuple(products)


def _member(fields: _Fields, normal: _Normaliser) -> Member:
    exptype = normal.lower("exptype", fields.told("exptype"))
    expname = normal.file(fields.told("expname"), exptype)
    if not expname:
        name = shown(fields.told("expname"))
        normal.remark(f"expname of the {exptype or 'member'} names no file: {name}")
    if not exptype:
        normal.remark(f"exptype of {expname or 'a member'} is blank, so that jwst passes it over")
    if not fields.has("exposerr"):
        normal.untold.add(expname)
    return Member(expname, exptype, fields.optional("exposerr"), None)


class _Normaliser:
    """Gives values as they are recorded and compared, and remarks on what a file has otherwise.

    Names of files, roles, types and ids are recorded in lower case, as jwst reads pools, and files
    by their names alone.
    """

    def __init__(self, remarks: Iterable[str] = ()) -> None:
        self._remarks = dict.fromkeys(remarks)
        self._folders: dict[str, Counter[str]] = {}
        self._product_folders: dict[str, list[str]] = {}
        self.untold: set[str] = set()
        """The files of members without the key exposerr."""

    def remarks(self) -> tuple[str, ...]:
        """Give the remarks, those on folders first."""
        folders = []
        for folder, roles in self._folders.items():
            told = " and ".join(
                f"the {role}" if count == 1 else f"{count} members with exptype {role}"
                for role, count in roles.items()
            )
            verb = "have" if roles.total() > 1 else "has"
            folders.append(f"expname of {told} {verb} a folder ({folder})")
        for folder, names in self._product_folders.items():
            told = f"the name of product {names[0]} has"
            if len(names) > 1:
                told = f"the names of {len(names):,} products have"
            folders.append(f"{told} a folder ({folder})")
        return (*folders, *self._remarks)

    def lower(self, key: str, value: str) -> str:
        """Give a value in lower case, without the spaces around it."""
        return self.remarked(key, value, value.strip().lower())

    def program(self, value: str) -> str:
        """Give a program as associations have it, with five digits; '' for none."""
        return value and self.remarked("program", value, program_name(value.strip()).lower())

    def degraded(self, value: str) -> str:
        """Give a degraded_status; what means one of the two texts of jwst is that text."""
        words = value.lower().split()
        known = (one for one in (NO_DEGRADED, DEGRADED) if one.lower().split() == words)
        return self.remarked("degraded_status", value, next(known, value))

    def file(self, expname: str, exptype: str) -> str:
        """Give the name of the file of a member, less its folder; '' if it names a folder."""
        folder, name = _folder_and_name(expname)
        if folder:
            self._folders.setdefault(folder, Counter())[exptype] += 1
        return self.remarked(f"expname of the {exptype}", name, name.strip().lower())

    def product(self, text: str) -> str:
        """Give the name of a product, less its folder; '' if it names a folder."""
        folder, name = _folder_and_name(text)
        if not text:
            self.remark("a product has no name")
        if folder:
            self._product_folders.setdefault(folder, []).append(name.strip())
        return self.remarked("the name of a product", name, name.strip().lower())

    def remark(self, text: str) -> None:
        """Add a remark."""
        self._remarks[text] = None

    def remarked(self, key: str, value: str, recorded: str) -> str:
        """Give a value as it is recorded, with a remark if a file has it otherwise."""
        if value != recorded:
            self.remark(f"{key} is written {shown(value)}")
        return recorded


def _folder_and_name(path: str) -> tuple[str, str]:
    start = max(path.rfind("/"), path.rfind("\\")) + 1
    return path[:start], path[start:]
