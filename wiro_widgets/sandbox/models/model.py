"""A model of the sandbox: parameters in groups, prices and working time."""

from dataclasses import dataclass
from decimal import Decimal

from wiro_widgets.sandbox.models.prices import Price, bill

FILE_TYPES = frozenset({"fileinput", "multifileinput", "combinefileinput"})
NUMBER_TYPES = frozenset({"range", "number", "integer", "float"})


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of a model, with Wiro's type names."""

    id: str
    type: str
    label: str
    required: bool = False
    default: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    options: tuple[tuple[str, str], ...] = ()
    note: str = ""
    placeholder: str = ""
    max_files: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its address, its parameters, its prices and the nominal seconds of its work."""

    id: str
    owner: str
    project: str
    title: str
    description: str
    categories: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Field, ...]], ...]
    prices: tuple[Price, ...]
    typical_seconds: float
    sample_prompt: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every parameter, in the order of the form."""
        return tuple(field for _, fields in self.groups for field in fields)

    @property
    def slug(self) -> str:
        """The address, owner/project."""
        return f"{self.owner}/{self.project}"

    @property
    def cps(self) -> Decimal:
        """USD for a second of work; 0 for a model that is not billed by the second."""
        return next((price.usd for price in self.prices if price.method == "cps"), Decimal(0))

    @property
    def typical_cost(self) -> Decimal:
        """USD for a run with the default values."""
        defaults = {field.id: field.default or "" for field in self.fields}
        return bill(self.prices, defaults, seconds=Decimal(str(self.typical_seconds)), outputs=1)
