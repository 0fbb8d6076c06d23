"""Wiro's price methods one by one: a price row and a run's values in, what is known of the cost out.

Sources: the protocol page, and Wiro's public page on pricing for the units (a character for cp-promptlength, a
second of input audio, a second of output video, 1024 x 1024 pixels for a tier).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.prices.pricing import DamagedRow, Estimate, PriceRow, Prices, candidates, merged
from wiro_widgets.protocol.schema.schema import ModelSchema

TIER_PIXELS = 1024 * 1024
# What catalogues call the number of outputs and the length of a film, without case, "_" and "-".
_COUNTS = ("samples", "numoutputs", "numimages", "numberofimages", "numberofoutputs", "batchsize", "n")
_SECONDS = ("duration", "seconds", "videolength", "videoduration", "length")
_SIZES = ("size", "resolution", "imagesize", "dimensions")
_SIZE = re.compile(r"\s*(\d{2,5})\s*[x*]\s*(\d{2,5})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Media:
    """What is known of an input file: its pixels if it is a picture, its seconds if it is sound."""

    parameter: str
    pixels: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """The values that decide a price: given ones before the model's defaults."""

    known: Mapping[str, Any]
    media: Sequence[Media]

    def number(self, names: Sequence[str]) -> Decimal | None:
        """Return the number under the first of these names."""
        by_name = {name.lower().replace("_", "").replace("-", ""): name for name in self.known}
        for name in names:
            found = wire_values.number(self.known.get(by_name.get(name, "")))
            if found is not None:
                return Decimal(wire_values.number_text(found))
        return None

    def pixels(self) -> int | None:
        """Return the pixels of one output."""
        width, height = (
            wire_values.integer(self.known.get("width")),
            wire_values.integer(self.known.get("height")),
        )
        if width and height:
            return width * height
        for name, value in self.known.items():
            size = _SIZE.fullmatch(wire_values.text(value) or "") if name.lower() in _SIZES else None
            if size:
                return int(size[1]) * int(size[2])
        return None


def estimate(
    prices: Prices,
    values: Mapping[str, Any],
    schema: ModelSchema | None = None,
    media: Sequence[Media] = (),
) -> Estimate:
    """Return what a run with these bound values costs; `media` has one entry for each of its input files."""
    run = _Run({**(schema.defaults if schema else {}), **values}, media)
    counts = {
        item.parameter: sum(1 for other in media if other.parameter == item.parameter) for item in media
    }
    typical = float(prices.average) if prices.average is not None else None
    found = _of_rows(prices, run, counts) if prices.rows else _fallback(prices)
    return replace(found, typical=None if found.high is not None else typical)


def _of_rows(prices: Prices, run: _Run, counts: Mapping[str, int]) -> Estimate:
    rows, settled = candidates(prices, run.known, counts)
    if not rows:
        return _open("no price row fits these values")
    found = merged(_of_row(row, run) for row in rows)
    if settled:
        return found
    return replace(found, exact=False, reason=f"{found.reason}, if that price applies")


def _of_row(row: PriceRow | DamagedRow, run: _Run) -> Estimate:
    if isinstance(row, DamagedRow):
        return _open("a price in the catalogue that cannot be read")
    method = _METHODS.get(row.method)
    if method is None:
        return _open(f"billed by {row.method or 'a method'} that this version does not know")
    return method(row, run)


def _fallback(prices: Prices) -> Estimate:
    """Wiro bills by the second where it has no price rows."""
    if prices.per_second is None:
        return _open("the catalogue tells no price")
    return _open(f"{dollars(prices.per_second)} for each second of work, and nobody knows how long it takes")


def _per_request(row: PriceRow, _run: _Run) -> Estimate:
    return _exact(row.price, f"{dollars(row.price)} for each run")


def _per_second(row: PriceRow, _run: _Run) -> Estimate:
    return _open(f"{dollars(row.price)} for each second of work, and nobody knows how long it takes")


def _per_output(row: PriceRow, run: _Run) -> Estimate:
    count = run.number(_COUNTS)
    if count is None:
        return _at_least(row.price, f"{dollars(row.price)} for each output, and nobody knows how many come")
    count = max(count, Decimal(1))
    outputs = "one output" if count == 1 else f"each of {count} outputs"
    return _exact(row.price * count, f"{dollars(row.price)} for {outputs}")


def _per_token(row: PriceRow, _run: _Run) -> Estimate:
    return _open(f"{dollars(row.price)} for each token, and nobody knows how many there will be")


def _per_character(row: PriceRow, run: _Run) -> Estimate:
    prompt = wire_values.text(run.known.get("prompt"))
    if prompt is None:
        return _open(f"{dollars(row.price)} for each character of a prompt that is not given")
    return _exact(row.price * len(prompt), f"{dollars(row.price)} for each of {len(prompt)} characters")


def _per_audio_second(row: PriceRow, run: _Run) -> Estimate:
    lengths = [item.seconds for item in run.media if item.seconds is not None]
    if not run.media or len(lengths) < len(run.media):
        return _open(f"{dollars(row.price)} for each second of the input's sound, whose length is not known")
    seconds = Decimal(str(round(sum(lengths), 3)))
    amount = row.price * seconds
    # Wiro measures the sound itself, and whether it rounds up to whole seconds is not documented.
    return _range(amount, row.price * ceil(seconds), f"{dollars(row.price)} for each of {seconds} s of sound")


def _per_video_second(row: PriceRow, run: _Run) -> Estimate:
    seconds = run.number(_SECONDS)
    if seconds is None or seconds <= 0:
        return _open(f"{dollars(row.price)} for each second of a film whose length is not known")
    # Not exact: what is billed is the film's measured length, which differs by some frames from the one asked for.
    amount = float(row.price * seconds)
    reason = f"{dollars(row.price)} for each second of a film of {seconds} s, measured when it is there"
    return Estimate(amount, amount, exact=False, reason=reason)


def _per_tier(row: PriceRow, run: _Run) -> Estimate:
    pixels = run.pixels()
    if pixels is None:
        return _at_least(
            row.price, f"{dollars(row.price)} for the first megapixel of a size that is not known"
        )
    tiers = max(1, ceil(pixels / TIER_PIXELS))
    further = row.extra if row.extra is not None else row.price
    one = row.price + further * (tiers - 1)
    inputs = _of_input_images(row.per_input or Decimal(0), tiers, run.media)
    count = max(run.number(_COUNTS) or Decimal(1), Decimal(1))
    reason = f"{tiers} tier{'s' if tiers > 1 else ''} of a megapixel"
    if inputs is None:
        return _at_least(one, f"{reason}, and input images of unknown size")
    # Whether each of several outputs is billed is not documented.
    return _range(one + inputs[0], (one + inputs[1]) * count, reason)


def _of_input_images(price: Decimal, tiers: int, media: Sequence[Media]) -> tuple[Decimal, Decimal] | None:
    """Return the bounds of what input images cost; whose tiers count, theirs or the output's, is not documented."""
    if not price or not media:
        return Decimal(0), Decimal(0)
    if any(item.pixels is None for item in media):
        return None
    theirs = [max(1, ceil((item.pixels or 0) / TIER_PIXELS)) for item in media]
    low = sum(min(item, tiers) for item in theirs)
    return price * low, price * sum(max(item, tiers) for item in theirs)


def _per_turn(row: PriceRow, _run: _Run) -> Estimate:
    return _open(
        f"{dollars(row.price)} for each turn of a conversation, and nobody knows how many there will be"
    )


def _read_from_output(_row: PriceRow, _run: _Run) -> Estimate:
    return _open("the model itself says what it costs, when it has run")


_METHODS: Mapping[str, Callable[[PriceRow, _Run], Estimate]] = {
    "cpr": _per_request,
    "cps": _per_second,
    "cpo": _per_output,
    "cpt": _per_token,
    "cp-pixel": _per_tier,
    "cp-audiosecondslength": _per_audio_second,
    "cp-promptlength": _per_character,
    "cp-outputVideoLength": _per_video_second,
    "cp-realtimeturn": _per_turn,
    "cp-readoutput": _read_from_output,
}


def _exact(amount: Decimal, reason: str) -> Estimate:
    return Estimate(float(amount), float(amount), exact=True, reason=reason)


def _range(low: Decimal, high: Decimal, reason: str) -> Estimate:
    return Estimate(float(low), float(high), exact=low == high, reason=reason)


def _at_least(low: Decimal, reason: str) -> Estimate:
    return Estimate(float(low), None, exact=False, reason=reason)


def _open(reason: str) -> Estimate:
    return Estimate(None, None, exact=False, reason=reason)
