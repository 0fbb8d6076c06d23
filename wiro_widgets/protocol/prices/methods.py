"""The estimate of a run: Wiro's price methods one by one (docs/protocol.md, Prices).

The units (characters, seconds of audio and video, pixels of a tier) are those of Wiro's public page on pricing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.prices.pricing import DamagedRow, Estimate, PriceRow, Prices, any_of, candidates
from wiro_widgets.protocol.schema.schema import ModelSchema

TIER_PIXELS = 1024 * 1024
# Catalogues' names for the number of outputs and the length of a video, without case, "_" and "-".
_COUNTS = ("samples", "numoutputs", "numimages", "numberofimages", "numberofoutputs", "batchsize", "n")
_SECONDS = ("duration", "seconds", "videolength", "videoduration", "length")
_SIZES = ("size", "resolution", "imagesize", "dimensions")
_SIZE = re.compile(r"\s*(\d{2,5})\s*[x*]\s*(\d{2,5})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Media:
    """An input file: the pixels of an image, the seconds of audio; None if they are unknown."""

    parameter: str
    pixels: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """What decides the cost of a run: its values, else the model's defaults, and its input files."""

    values: Mapping[str, Any]
    media: Sequence[Media]

    def number(self, names: Sequence[str]) -> Decimal | None:
        """Return the number under the first of these names."""
        by_name = {name.lower().replace("_", "").replace("-", ""): name for name in self.values}
        for name in names:
            number = wire_values.number(self.values.get(by_name.get(name, "")))
            if number is not None:
                return Decimal(wire_values.number_text(number))
        return None

    def output_count(self) -> Decimal | None:
        """Return the number of outputs, at least one."""
        count = self.number(_COUNTS)
        return None if count is None else max(count, Decimal(1))

    def output_pixels(self) -> int | None:
        """Return the pixels of one output."""
        width, height = (wire_values.integer(self.values.get(name)) for name in ("width", "height"))
        if width and height:
            return width * height
        for name, value in self.values.items():
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
    """Return the cost of a run with these bound values; `media` has one entry for each of its input files."""
    run = _Run({**(schema.defaults if schema else {}), **values}, media)
    typical = float(prices.average) if prices.average is not None else None
    result = _of_rows(prices, run) if prices.rows else _without_rows(prices)
    return replace(result, typical=None if result.high is not None else typical)


def _of_rows(prices: Prices, run: _Run) -> Estimate:
    rows, is_certain = candidates(prices, run.values, Counter(item.parameter for item in run.media))
    if not rows:
        return _unknown("no price row fits these values")
    result = any_of(_of_row(row, run) for row in rows)
    if is_certain:
        return result
    return replace(result, exact=False, reason=f"{result.reason}, if that price applies")


def _of_row(row: PriceRow | DamagedRow, run: _Run) -> Estimate:
    if isinstance(row, DamagedRow):
        return _unknown("a price in the catalogue cannot be read")
    method = _METHODS.get(row.method)
    if method is None:
        return _unknown(f"billed by {row.method or 'a method'} that this version does not know")
    return method(row, run)


def _without_rows(prices: Prices) -> Estimate:
    if prices.per_second is None:
        return _unknown("the catalogue has no price")
    return _of_row(PriceRow(prices.per_second, "cps"), _Run({}, ()))


def _per_request(row: PriceRow, _run: _Run) -> Estimate:
    return _range(row.price, row.price, f"{dollars(row.price)} for each run")


def _per_output(row: PriceRow, run: _Run) -> Estimate:
    count = run.output_count()
    if count is None:
        return _at_least(row.price, f"{dollars(row.price)} for each output, and their number is not known")
    outputs = "one output" if count == 1 else f"each of {count} outputs"
    return _range(row.price * count, row.price * count, f"{dollars(row.price)} for {outputs}")


def _per_character(row: PriceRow, run: _Run) -> Estimate:
    prompt = wire_values.text(run.values.get("prompt"))
    if prompt is None:
        return _unknown(f"{dollars(row.price)} for each character of the prompt, which is missing")
    amount = row.price * len(prompt)
    return _range(amount, amount, f"{dollars(row.price)} for each of {len(prompt)} characters")


def _per_audio_second(row: PriceRow, run: _Run) -> Estimate:
    lengths = [item.seconds for item in run.media if item.seconds is not None]
    if not run.media or len(lengths) < len(run.media):
        return _unknown(f"{dollars(row.price)} for each second of input audio, whose length is not known")
    seconds = Decimal(str(round(sum(lengths), 3)))
    # Wiro measures the audio itself, and whether it rounds up to whole seconds is not documented.
    reason = f"{dollars(row.price)} for each of {seconds} s of audio"
    return _range(row.price * seconds, row.price * ceil(seconds), reason)


def _per_video_second(row: PriceRow, run: _Run) -> Estimate:
    seconds = run.number(_SECONDS)
    if seconds is None or seconds <= 0:
        return _unknown(f"{dollars(row.price)} for each second of video, whose length is not known")
    # Not exact: Wiro bills the length that it measures, which differs by some frames from the one asked for.
    amount = row.price * seconds
    reason = f"{dollars(row.price)} for each second of a video of about {seconds} s"
    return replace(_range(amount, amount, reason), exact=False)


def _per_tier(row: PriceRow, run: _Run) -> Estimate:
    pixels = run.output_pixels()
    if pixels is None:
        return _at_least(
            row.price, f"{dollars(row.price)} for the first megapixel, and the size is not known"
        )
    tiers = max(1, ceil(pixels / TIER_PIXELS))
    further = row.extra if row.extra is not None else row.price
    output = row.price + further * (tiers - 1)
    reason = f"{tiers} tier{'s' if tiers > 1 else ''} of a megapixel"
    input_tiers = []
    if row.per_input:
        sizes = [item.pixels for item in run.media if item.pixels is not None]
        if len(sizes) < len(run.media):
            return _at_least(output, f"{reason}, and input images of unknown size")
        input_tiers = [max(1, ceil(size / TIER_PIXELS)) for size in sizes]
    # Two things are not documented: whether the tiers of an input image are its own or the output's, and whether
    # each of several outputs is billed.
    per_input = row.per_input or Decimal(0)
    low = output + per_input * sum(min(item, tiers) for item in input_tiers)
    high = output + per_input * sum(max(item, tiers) for item in input_tiers)
    return _range(low, high * (run.output_count() or Decimal(1)), reason)


def _per_unknown(unit: str) -> Callable[[PriceRow, _Run], Estimate]:
    return lambda row, _run: _unknown(
        f"{dollars(row.price)} for each {unit}, and their number is not known before"
    )


_METHODS: Mapping[str, Callable[[PriceRow, _Run], Estimate]] = {
    "cpr": _per_request,
    "cps": _per_unknown("second of work"),
    "cpo": _per_output,
    "cpt": _per_unknown("token"),
    "cp-pixel": _per_tier,
    "cp-audiosecondslength": _per_audio_second,
    "cp-promptlength": _per_character,
    "cp-outputVideoLength": _per_video_second,
    "cp-realtimeturn": _per_unknown("turn of a conversation"),
    "cp-readoutput": lambda _row, _run: _unknown("the model itself reports its cost after the run"),
}


def _range(low: Decimal, high: Decimal, reason: str) -> Estimate:
    return Estimate(float(low), float(high), exact=low == high, reason=reason)


def _at_least(low: Decimal, reason: str) -> Estimate:
    return Estimate(float(low), None, exact=False, reason=reason)


def _unknown(reason: str) -> Estimate:
    return Estimate(None, None, exact=False, reason=reason)
