"""The facts that every record may hold and every criterion may ask for: kind, units, plausible range, codes.

A protocol document may declare further ones of its own; its catalogue is then this one and those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

DAYS_PER_WEEK = 7
DAYS_PER_MONTH = Fraction("30.4375")  # UCUM mo
DAYS_PER_YEAR = Fraction("365.25")  # UCUM a


class FactKind(StrEnum):
    QUANTITY = "quantity"
    SCALE = "scale"
    BOOLEAN = "boolean"
    CODED = "coded"
    DATE = "date"


class FactGroup(StrEnum):
    """Where a fact stands on a page, in the order of the page; what a document declares is of the study unless said."""

    STUDY = "study"
    DISEASE = "disease"
    LABORATORY = "laboratory"
    HISTORY = "history"
    THERAPIES = "therapies"
    TOXICITIES = "toxicities"
    PREGNANCY = "pregnancy_prevention"


@dataclass(frozen=True)
class Fact:
    """One entry of a catalogue.

    `units` maps each accepted unit to the factor that turns it into `unit`; `low` and `high` bound what is plausible,
    in `unit`. `ratio_of` are the facts by which one may also be derived: the first over the second to the `power`, each
    in its own unit. `until_first_dose`: what is dated after the first dose does not count for it.
    """

    name: str
    kind: FactKind
    label: str
    unit: str = ""
    units: Mapping[str, Fraction] = field(default_factory=dict, hash=False)
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    loinc: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    ratio_of: "tuple[Fact, Fact] | None" = None
    power: int = 1
    until_first_dose: bool = False
    group: FactGroup = FactGroup.STUDY

    @property
    def is_number(self) -> bool:
        return self.kind in {FactKind.QUANTITY, FactKind.SCALE}


def _quantity(
    name: str,
    label: str,
    unit: str,
    plausible: tuple[int, int],
    *loinc: str,
    also: dict[str, Fraction] | None = None,
    ratio_of: tuple[Fact, Fact] | None = None,
    group: FactGroup = FactGroup.LABORATORY,
) -> Fact:
    return Fact(
        name=name,
        kind=FactKind.QUANTITY,
        label=label,
        unit=unit,
        units={unit: Fraction(1)} | (also or {}),
        low=Decimal(plausible[0]),
        high=Decimal(plausible[1]),
        loinc=loinc,
        ratio_of=ratio_of,
        group=group,
    )


DISEASE = FactGroup.DISEASE
TENTH = Fraction(1, 10)
PER_LITRE = {"10*3/uL": Fraction(1), "/uL": Fraction(1, 1000)}
OF_A_FRACTION = {"1": Fraction(100)}

KAPPA = _quantity(
    "kappa_flc", "kappa free light chains", "mg/dL", (0, 5_000), "36916-5", also={"mg/L": TENTH}, group=DISEASE
)
LAMBDA = _quantity(
    "lambda_flc", "lambda free light chains", "mg/dL", (0, 5_000), "33944-0", also={"mg/L": TENTH}, group=DISEASE
)

QUANTITIES = (
    _quantity(
        "serum_m_protein", "serum M-protein", "g/dL", (0, 15), "33358-3", "51435-6",
        also={"g/L": TENTH}, group=DISEASE,
    ),
    _quantity(
        "urine_m_protein", "urine M-protein", "mg/24 h", (0, 50_000), "42482-0",
        also={"g/24 h": Fraction(1000)}, group=DISEASE,
    ),
    KAPPA,
    LAMBDA,
    _quantity(
        "flc_ratio", "free light chain ratio", "1", (0, 100_000), "48378-4", ratio_of=(KAPPA, LAMBDA), group=DISEASE
    ),
    _quantity(
        "marrow_plasma_cells", "marrow plasma cells", "%", (0, 100), "11118-7", also=OF_A_FRACTION, group=DISEASE
    ),
    _quantity(
        "hemoglobin", "hemoglobin", "g/dL", (0, 25), "718-7",
        also={"g/L": TENTH, "mmol/L": Fraction("1.6114")},
    ),
    _quantity("platelets", "platelets", "10*9/L", (0, 3_000), "777-3", also=PER_LITRE),
    _quantity("neutrophils", "neutrophils", "10*9/L", (0, 200), "751-8", "26499-4", also=PER_LITRE),
    _quantity("creatinine", "creatinine", "mg/dL", (0, 40), "2160-0", also={"umol/L": 1 / Fraction("88.42")}),
    _quantity("ast", "AST", "U/L", (0, 30_000), "1920-8", also={"ukat/L": Fraction(60)}),
    _quantity("bilirubin", "total bilirubin", "mg/dL", (0, 80), "1975-2", also={"umol/L": 1 / Fraction("17.104")}),
    _quantity("lvef", "LVEF", "%", (5, 90), "10230-1", "8806-2", also=OF_A_FRACTION),
    _quantity(
        "life_expectancy", "life expectancy", "wk", (0, 5_200),
        also={
            "d": Fraction(1, DAYS_PER_WEEK),
            "mo": DAYS_PER_MONTH / DAYS_PER_WEEK,
            "a": DAYS_PER_YEAR / DAYS_PER_WEEK,
        },
        group=FactGroup.HISTORY,
    ),
)  # fmt: skip

SCALES = (
    Fact(
        "ecog", FactKind.SCALE, "ECOG performance status",
        low=Decimal(0), high=Decimal(5), loinc=("89247-1",), group=FactGroup.HISTORY,
    ),
)  # fmt: skip

BOOLEANS = tuple(
    Fact(name, FactKind.BOOLEAN, label, group=group)
    for name, label, group in (
        ("willing_to_comply", "willing to comply", FactGroup.HISTORY),
        ("childbearing_potential", "childbearing potential", FactGroup.PREGNANCY),
        ("agrees_to_pregnancy_testing", "agrees to pregnancy testing", FactGroup.PREGNANCY),
        ("sexually_active", "sexually active", FactGroup.PREGNANCY),
        ("agrees_to_contraception", "agrees to contraception", FactGroup.PREGNANCY),
        ("pregnant", "pregnant", FactGroup.PREGNANCY),
        ("breastfeeding", "breastfeeding", FactGroup.PREGNANCY),
        ("cns_involvement", "CNS involvement", FactGroup.DISEASE),
        ("brain_metastasis_history", "history of brain metastasis", FactGroup.DISEASE),
        ("cord_compression_history", "history of cord compression", FactGroup.DISEASE),
        ("active_gvhd", "active GvHD", FactGroup.HISTORY),
        ("post_transplant_immunosuppression", "immunosuppression after the transplant", FactGroup.HISTORY),
        ("hiv", "HIV", FactGroup.HISTORY),
        ("hepatitis_b", "hepatitis B", FactGroup.HISTORY),
        ("hepatitis_c", "hepatitis C", FactGroup.HISTORY),
        ("active_infection", "active infection", FactGroup.HISTORY),
        ("plasma_cell_leukemia", "plasma cell leukemia", FactGroup.DISEASE),
        ("disqualifying_condition", "disqualifying condition", FactGroup.HISTORY),
        ("gilberts_syndrome", "Gilbert's syndrome", FactGroup.LABORATORY),
        ("therapy_history_complete", "therapy history complete", FactGroup.THERAPIES),
        ("toxicity_review_complete", "toxicity review complete", FactGroup.TOXICITIES),
    )
)

CODED = (
    Fact(
        "pregnancy_test",
        FactKind.CODED,
        "pregnancy test",
        loinc=("2118-8", "2106-3"),
        codes=("negative", "positive"),
        until_first_dose=True,
        group=FactGroup.PREGNANCY,
    ),
)

Catalogue = Mapping[str, Fact]
CATALOGUE: Catalogue = {fact.name: fact for fact in (*QUANTITIES, *SCALES, *BOOLEANS, *CODED)}

THERAPIES_COMPLETE = "therapy_history_complete"
TOXICITIES_COMPLETE = "toxicity_review_complete"
