"""A model of the sandbox: its parameters in groups, its prices and the bill of a run (docs/protocol.md, Prices)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

FILE_TYPES = frozenset({"fileinput", "multifileinput", "combinefileinput"})
NUMBER_TYPES = frozenset({"range", "number", "integer", "float"})


# How Tool/Detail writes lists: as lists, as their JSON text, or as null (docs/protocol.md, Catalogue).
ListShape = Literal["list", "text", "null"]
# Which of Tool/Detail and Tool/DetailOpenAPI tell what a model takes (docs/protocol.md, Catalogue).
Described = Literal["both", "openapi", "nowhere"]


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of a model, with Wiro's type names.

    `url_field` is where the URLs of a file go; OpenAPI lists it beside the file, which it calls a plain string then.
    """

    id: str
    type: str
    label: str
    required: bool = False
    default: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    options: tuple[tuple[str, str], ...] = ()
    note: str = ""
    placeholder: str = ""
    max_files: int | None = None
    url_field: str | None = None


CALLBACK = Field(
    "callbackUrl",
    "text",
    "Callback URL",
    note="Webhook URL for task completion notifications",
    placeholder="https://example.com/webhook",
)


@dataclass(frozen=True, slots=True)
class Price:
    """One row of a price list: USD by one of Wiro's methods, for the runs whose values are all of `inputs`."""

    usd: str
    method: str
    inputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its address, its parameters, its prices and the nominal seconds of its work."""

    id: str
    slug: str
    title: str
    description: str
    categories: tuple[str, ...]
    prices: tuple[Price, ...]
    typical_seconds: float
    inputs: tuple[Field, ...]
    settings: tuple[Field, ...] = ()
    examples: tuple[Mapping[str, object], ...] = ()  # addresses of files begin with /uploads/
    samples: tuple[str, ...] = ()  # addresses of results
    cover: str | None = None
    readme: str | None = None
    lists: ListShape = "list"
    rating: str = "0.00"  # of 5, the average of `rated_by` people
    rated_by: int = 0
    comments: int = 0
    described: Described = "both"

    @property
    def owner(self) -> str:
        """The first half of its address."""
        return self.slug.partition("/")[0]

    @property
    def project(self) -> str:
        """The second half of its address."""
        return self.slug.partition("/")[2]

    @property
    def groups(self) -> dict[str, tuple[Field, ...]]:
        """The parameters by the titles of their groups, in the order of the form."""
        groups = {"Input": self.inputs, "Settings": self.settings, "Advanced": (CALLBACK,)}
        return {title: fields for title, fields in groups.items() if fields}

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every parameter, in the order of the form."""
        return (*self.inputs, *self.settings, CALLBACK)

    @property
    def cps(self) -> Decimal:
        """USD for a second of work; 0 for a model that is not billed by the second."""
        return next((Decimal(price.usd) for price in self.prices if price.method == "cps"), Decimal(0))

    @property
    def typical_cost(self) -> Decimal:
        """USD for a run with the default values."""
        defaults = {field.id: field.default for field in self.fields}
        return self.bill(defaults, seconds=Decimal(str(self.typical_seconds)), outputs=1)

    def bill(self, values: Mapping[str, str], *, seconds: Decimal, outputs: int) -> Decimal:
        """Return the USD of a run with these values that took so many seconds and left so many outputs.

        Raises LookupError if no price row is for these values.
        """
        units = {"cpr": Decimal(1), "cps": seconds, "cpo": Decimal(outputs)}
        for price in self.prices:
            if all(values.get(name) == value for name, value in price.inputs):
                return Decimal(price.usd) * units[price.method]
        raise LookupError("no price row is for these values")
