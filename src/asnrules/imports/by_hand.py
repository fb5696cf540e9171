"""The verdict on an association that was made by hand."""

from __future__ import annotations

from functools import cached_property

from asnrules.associations.comparison import file_name
from asnrules.associations.model import Product
from asnrules.engine.signatures import SCIENCE
from asnrules.imports.judging import (
    SHOWN,
    Judged,
    Judging,
    Verdict,
    explained_texts,
    in_words,
    named,
    nothing_by_rules,
    stays,
)
from asnrules.imports.matching import Matcher, Near


class ByHand(Judging):
    """The verdict on an association that was made by hand, from a list of members."""

    def judged(self) -> Judged:
        """Compare each of its products, as it has no type, rule or candidate to go by."""
        rule = self._association.asn_rule
        begin = f"made by hand ({f'rule {rule}' if rule else 'it names no rule'})"
        missing = self._missing()
        contradiction = self._contradiction()
        if self._matcher is None or missing:
            if contradiction:
                return Judged(Verdict.CONTRADICTS, "; ".join([begin, *contradiction]))
            known = self._compared(self._matcher)[1] if self._matcher else []
            texts = [begin, missing, *([f"of the rest, {in_words(known)}"] if known else [])]
            return Judged(Verdict.UNEXPLAINED, "; ".join(texts))
        like, unlike = self._compared(self._matcher)
        if not unlike:
            text = f"{begin}, and as the rules make it: {in_words(like)}"
            return Judged(Verdict.EXPLAINED, text)
        verdict = Verdict.CONTRADICTS if contradiction else Verdict.DIFFERS
        return Judged(verdict, "; ".join([begin, *contradiction, in_words(unlike)]))

    def _missing(self) -> str:
        if self._matcher is None:
            return "no pool was given to compare it with"
        return super()._missing()

    @cached_property
    def nearest(self) -> list[Near | None]:
        """What comes nearest to each product; its name is for its maker to choose."""
        one, matcher = self._association, self._matcher
        found = (matcher.nearest_product(one, its) for its in one.products) if matcher else ()
        return [near and near.less("name") for near in found]

    def _difference(self, matcher: Matcher, near: Near | None) -> list[str]:
        return self._compared(matcher)[1]

    def _compared(self, matcher: Matcher) -> tuple[list[str], list[str]]:
        """Compare each product, by members and roles, with what the rules make for its science.

        What the pools do not have is left out.
        """
        like: list[str] = []
        unlike: list[str] = []
        if not self._association.products:
            unlike.append(nothing_by_rules(matcher, []))
        unknown = set(matcher.unknown(self._association))
        pairs = zip(self._association.products, self.nearest, strict=True)
        for number, (product, near) in enumerate(pairs, 1):
            name = f"product {product.name or number}"
            sciences = [one.expname for one in product.members if one.exptype == SCIENCE]
            if near is None and unknown.isdisjoint(sciences):
                why = nothing_by_rules(matcher, matcher.sciences([product]))
                unlike.append(f"{name}: {why}")
            elif near is not None and near.differences:
                known = [
                    one
                    for one in near.differences
                    if one.member is None or one.member[0] not in unknown
                ]
                if len(unlike) < SHOWN:
                    texts = explained_texts(matcher, near.association, known)
                else:
                    texts = [one.text for one in known]
                unlike += (f"{name}: {text}" for text in texts)
            elif near is not None:
                what = f"{named(near.expected)}{_other_name(product, near)}"
                like.append(f"{name} is {what}{stays(matcher, near.expected)}")
        return list(dict.fromkeys(like)), list(dict.fromkeys(unlike))


def _other_name(product: Product, near: Near) -> str:
    """Say how the rules name a product that its maker named otherwise."""
    name = file_name(near.association.products[0].name)
    return "" if product.name in {"", name} else f", as {name}"
