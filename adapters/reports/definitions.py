"""What the figures of a publication mean, in two languages, in a sentence or two."""

from __future__ import annotations

from typing import Final

DEFINITIONS: Final = {
    "stock": (
        "Beholdning: personer som er i tilstanden ved slutten av telletidspunktet.",
        "Stock: persons who are in the state at the end of the counting date.",
    ),
    "flow": (
        "Gjennomstrømming: personer som var i tilstanden på noe tidspunkt i perioden, begge dager "
        "medregnet. Tilgang og avgang er forløp som starter og stopper i den.",
        "Flow: distinct persons who were in the state at any time in the period, both days "
        "included. Inflow and outflow are spells that start and stop in it.",
    ),
    "series": (
        "Serie: beholdningen ved slutten av hvert trinn, med gjennomstrømming, tilgang og avgang.",
        "Series: the stock at the end of each step, with flow, inflow and outflow in it.",
    ),
    "dwell": (
        "Oppholdstid: lengden av et forløp, i dager eller i måneder på 30,4375 dager; pågående "
        "forløp telles til telletidspunktet der det står.",
        "Dwell time: the length of a spell, in days or in months of 30.4375 days; ongoing spells "
        "count up to the counting date where it says so.",
    ),
    "exits": (
        "Avgang: endelig når fristen (vanligvis tre måneder) er gått uten at personen er kommet "
        "tilbake, ellers kommet tilbake eller uavklart.",
        "Exit: final when the window (three months by default) has passed without a return, else "
        "returned or pending.",
    ),
    "outcomes": (
        "Resultat: av endelige avganger som har nådd tidspunktet, andelen i arbeid eller "
        "utdanning etter siste observasjon.",
        "Outcome: of final exits that have reached the time, the share in work or school by the "
        "latest observation.",
    ),
    "returns": (
        "Tilbake: av avganger som er gamle nok, andelen som kom tilbake innen fristen.",
        "Returns: of exits that are old enough, the share back in the programme by then.",
    ),
    "funnel": (
        "Trakt: av dem som ble henvist første gang i perioden, hvor mange som kom hvor langt.",
        "Funnel: of those first referred in the period, how many got how far.",
    ),
    "chains": (
        "Kjeder: hver tiltaksstart fulgt av samme persons neste.",
        "Chains: each measure start followed by the same person's next one.",
    ),
    "capacity": (
        "Plasser: kjøpte plasser mot plasser i bruk, dag for dag.",
        "Capacity: places bought against places used, day by day.",
    ),
    "duty": (
        "Aktivitetsplikt: mottakere av sosialhjelp i perioden etter tilstanden sist i den.",
        "Activity duty: recipients of social assistance in the period, by the state last in it.",
    ),
}
