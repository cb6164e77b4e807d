"""What columns, figures and codes are called, in Norwegian and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.codes import Code, Language

Labels = Mapping[str, Mapping[str, Code]]  # the code lists of a profile, `Profile.lists`

COLUMNS: dict[str, tuple[str, str]] = {
    "programme": ("Satsing", "Programme"),
    "target_group": ("Målgruppe", "Target group"),
    "age_band": ("Alder", "Age"),
    "sex": ("Kjønn", "Sex"),
    "origin": ("Landbakgrunn", "Origin"),
    "single_parent": ("Eneforsørger", "Single parent"),
    "refugee_background": ("Flyktningbakgrunn", "Refugee background"),
    "office": ("Kontor", "Office"),
    "county": ("Fylke", "County"),
    "municipality": ("Kommune", "Municipality"),
    "unit": ("Enhet", "Unit"),
    "jobseeker_status": ("Arbeidssøkerstatus", "Job-seeker status"),
    "in_measure": ("I tiltak", "In a measure"),
    "measure": ("Tiltak", "Measure"),
    "next_measure": ("Neste tiltak", "Next measure"),
    "measure_group": ("Tiltaksgruppe", "Measure group"),
    "track": ("Løp", "Track"),
    "provider": ("Arrangør", "Provider"),
    "stop_reason": ("Stoppårsak", "Reason for stopping"),
    "benefit": ("Ytelse", "Benefit"),
    "role": ("Ytelsens rolle", "Role of the benefit"),
    "sanction": ("Sanksjon", "Sanction"),
    "reason": ("Begrunnelse", "Reason"),
    "destination": ("Avgang til", "Destination"),
    "month": ("Måned", "Month"),
    "quarter": ("Kvartal", "Quarter"),
    "year": ("År", "Year"),
    "date": ("Dato", "Date"),
    "step": ("Trinn", "Step"),
    "state": ("Plikt", "Duty"),
    "horizon": ("Etter", "After"),
    "months": ("Måneder", "Months"),
    "age": ("Måneder etter", "Months after"),
    "value": ("Kjent da", "Known then"),
    "number": ("Antall eller prosent", "Number or percent"),
    "persons": ("Personer", "Persons"),
    "mean_persons": ("Personer, gjennomsnitt", "Persons, mean"),
    "spells": ("Forløp", "Spells"),
    "stock": ("Beholdning", "Stock"),
    "stock_spells": ("Beholdning, forløp", "Stock, spells"),
    "inflow": ("Tilgang", "Inflow"),
    "outflow": ("Avgang", "Outflow"),
    "flow": ("Gjennomstrømming", "Flow"),
    "completed": ("Avsluttede", "Completed"),
    "ongoing": ("Pågående", "Ongoing"),
    "mean_days_completed": ("Gjennomsnitt, dager", "Mean days"),
    "median_days_completed": ("Median, dager", "Median days"),
    "mean_months_completed": ("Gjennomsnitt, måneder", "Mean months"),
    "median_months_completed": ("Median, måneder", "Median months"),
    "mean_months_all": ("Gjennomsnitt med pågående, måneder", "Mean months with ongoing"),
    "km_median_days": ("Kaplan-Meier-median, dager", "Kaplan-Meier median days"),
    "exits": ("Avganger", "Exits"),
    "final": ("Endelige", "Final"),
    "returned": ("Kommet tilbake", "Returned"),
    "pending": ("Uavklarte", "Pending"),
    "share_of_final": ("Andel av endelige", "Share of final"),
    "reached": ("Nådd tidspunktet", "Reached the time"),
    "in_work_or_education": ("I arbeid eller utdanning", "In work or education"),
    "share": ("Andel", "Share"),
    "target": ("Mål", "Target"),
    "count": ("Antall", "Count"),
    "median_days": ("Median, dager", "Median days"),
    "median_days_start_to_start": ("Median, start til start, dager", "Median days, start to start"),
    "median_days_stop_to_start": ("Median, stopp til start, dager", "Median days, stop to start"),
    "places": ("Plasser", "Places"),
    "used": ("Brukte plasser", "Places used"),
    "used_highest": ("Brukt, høyest", "Used, highest"),
    "share_used": ("Andel brukt", "Share used"),
    "person_months": ("Månedsverk", "Person-months"),
    "kvp_assessed_first": ("Vurdert for KVP først", "Assessed for KVP first"),
    "latest": ("Kjent nå", "Known now"),
    "expected": ("Ventet", "Expected"),
    "expected_share": ("Ventet andel endelige", "Expected share final"),
    "standard_error": ("Standardfeil", "Standard error"),
    "low": ("Nedre (95 %)", "Low (95%)"),
    "high": ("Øvre (95 %)", "High (95%)"),
    "incidence": ("Andel", "Share"),
}
FIGURES: dict[str, tuple[str, str]] = {
    "stock": ("Beholdning", "Stock"),
    "flow": ("Gjennomstrømming", "Flow"),
    "series": ("Beholdning, tilgang og avgang", "Stock, inflow and outflow"),
    "dwell": ("Oppholdstid", "Dwell time"),
    "exits": ("Avganger", "Exits"),
    "outcomes": ("I arbeid eller utdanning etter avgang", "In work or education after exit"),
    "returns": ("Tilbake i satsingen", "Returns to the programme"),
    "funnel": ("Fra henvisning til arbeid", "From referral to work"),
    "chains": ("Fra tiltak til tiltak", "From measure to measure"),
    "capacity": ("Tiltaksplasser og bruk", "Places and their use"),
    "duty": ("Aktivitetsplikt", "Activity duty"),
    "nowcast": ("Anslag med etterregistrering", "Nowcast with late registration"),
    "expected_final": ("Ventet andel endelige avganger", "Expected share of final exits"),
    "competing_risks": ("Avgang etter sted og tid", "Exits by destination and time"),
    "revisions": ("Etterregistrering", "Late registration"),
}
WORDS: dict[str, tuple[str, str]] = {
    "total": ("I alt", "Total"),
    "unknown": ("Ukjent", "Unknown"),
    "or": (" eller ", " or "),
    "yes": ("Ja", "Yes"),
    "no": ("Nei", "No"),
    "at": ("telletidspunkt", "counted at"),
    "period": ("periode", "period"),
    "known_at": ("registrert innen", "known at"),
    "position": ("posisjon", "position"),
    "source": ("Kilde", "Source"),
    "provenance": ("Opphav", "Provenance"),
    "contents": ("Innhold", "Contents"),
    "method": ("Metode", "Method"),
    "referred": ("Henvist", "Referred"),
    "met": ("Møtt", "Met"),
    "assessed": ("Kartlagt", "Assessed"),
    "enrolled": ("Tatt inn", "Enrolled"),
    "exited_positive": ("Til arbeid eller skole", "To work or school"),
    "duty": ("Plikt", "Duty"),
    "exempt": ("Fritatt", "Exempt"),
    "neither": ("Verken eller", "Neither"),
    "under": ("{} og under", "{} and under"),
    "over": ("{} og over", "{} and over"),
    "suppressed": (
        "{symbol} er skjult: {limit}, eller et tall som ville ha røpet et slikt.",
        "{symbol} is suppressed: {limit}, or a number that would give one away.",
    ),
    "fewer": ("færre enn {}", "fewer than {}"),
    "fewer_not_none": ("1 til {}", "1 to {}"),
    "rounded": ("Tallene er avrundet til nærliggende {}-er.", "Counts are rounded to base {}."),
    "gaps": (
        "Tall under {} og tall som ville ha røpet dem, er utelatt.",
        "Numbers below {} and those that would give them away are left out.",
    ),
    "all": ("Alle", "All"),
    "at_risk_share": ("Andel fortsatt i forløpet", "Share still in the spell"),
    "days_since_start": ("Dager siden start", "Days since the start"),
    "band": ("95 % konfidensbånd (log-log)", "95% confidence band (log-log)"),
    "per_step": ("Forløp per {}", "Spells per {}"),
    "day": ("dag", "day"),
    "week": ("uke", "week"),
    "month": ("måned", "month"),
    "quarter": ("kvartal", "quarter"),
    "year": ("år", "year"),
    "persons": ("Personer", "Persons"),
    "from_measure": ("Fra tiltak", "From measure"),
    "to_measure": ("Til neste tiltak", "To the next measure"),
    "share_of_last_known": ("Andel av det som er kjent nå", "Share of what is known now"),
    "known_after": ("Måneder etter hendelsen", "Months after the event"),
    "event_month": ("Hendelsesmåned", "Month of the event"),
    "ongoing": ("pågår", "ongoing"),
    "enrolment": ("Satsing", "Programme"),
    "measure": ("Tiltak", "Measure"),
    "sanction": ("Sanksjon", "Sanction"),
    "benefit": ("Ytelse", "Benefit"),
    "exemption": ("Fritak", "Exemption"),
    "exit": ("Avgang", "Exit"),
    "journey": ("Forløpet til {}", "The journey of {}"),
    "curves": (
        "Overlevelseskurvene følger med i JSON og Parquet.",
        "The survival curves come with JSON and Parquet.",
    ),
}
MEASURE_GROUPS = {  # of the default profile's measures; a list `measure_group` takes their place
    "amb": ("Arbeidsmarkedsbedrift (AMB)", "Sheltered enterprise (AMB)"),
    "supported_employment": ("Arbeid med bistand", "Supported employment"),
    "temporary_employment": ("Midlertidig sysselsettingstiltak", "Temporary employment"),
    "training": ("Opplæring", "Training"),
    "trial_and_other": ("Forsøks- og andre tiltak", "Trial and other measures"),
    "wage_subsidy": ("Lønnstilskudd", "Wage subsidy"),
    "work_practice": ("Arbeidspraksis", "Work practice"),
    "municipal": ("Kommunale tiltak", "Municipal measures"),
    "follow_up": ("Oppfølging", "Follow-up"),
    "work_preparation": ("Arbeidsforberedende trening", "Work preparation training"),
    "clarification": ("Avklaring", "Clarification"),
    "mentor": ("Mentor", "Mentor"),
}
_LISTS = {"next_measure": ("measure",), "reason": ("exemption_reason", "sanction_reason")}
KINDS = frozenset({"measure", "sanction", "duty", "exemption", "benefit"})
_OWN_WORDS = frozenset({"step", "state"})


def word(name: str, language: Language) -> str:
    """A word of the tables' own. KeyError on one that they do not know."""
    return WORDS[name][language == "en"]


def heading(column: str, language: Language) -> str:
    """What a column is called; a column that nobody has named is shown as it is."""
    found = COLUMNS.get(column)
    return found[language == "en"] if found else column


def figure_title(meta: Mapping[str, Any], language: Language, labels: Labels | None = None) -> str:
    """The title that a report gave, or what the figure is called, what of, and who is in it."""
    if meta.get("title"):
        return str(meta["title"])
    found = FIGURES.get(meta["figure"])
    said = [found[language == "en"] if found else str(meta["figure"])]
    if labels is None:
        return said[0]
    if meta.get("of", "enrolment") in KINDS:
        said.append(word(str(meta["of"]), language).lower())
    if meta.get("programme"):
        said.append(label("programme", meta["programme"], labels, language))
    for name, values in (meta.get("where") or {}).items():
        either = word("or", language).join(label(name, v, labels, language) for v in values)
        said.append(f"{heading(name, language)}: {either}")
    return ", ".join(said)


def label(dimension: str, code: Any, labels: Labels, language: Language) -> str:
    """What people call a value of a dimension; null is unknown; a code in no list stays itself."""
    if code is None:
        return word("unknown", language)
    if isinstance(code, bool):
        return word("yes" if code else "no", language)
    text = str(code)
    for name in _LISTS.get(dimension, (dimension,)):
        if text in labels.get(name, {}):
            return labels[name][text].label(language)
    if dimension == "measure_group" and text in MEASURE_GROUPS:
        return MEASURE_GROUPS[text][language == "en"]
    if dimension in _OWN_WORDS and text == "in_measure":
        return heading("in_measure", language)
    if dimension in _OWN_WORDS and text in WORDS:
        return word(text, language)
    return _age_band(text, language) if dimension == "age_band" else text


def _age_band(code: str, language: Language) -> str:
    """`20_24` as `20–24`, `60_and_over` as `60 og over`."""
    for end in ("under", "over"):
        if code.endswith(f"_and_{end}"):
            return word(end, language).format(code.removesuffix(f"_and_{end}"))
    return code.replace("_", "–")
