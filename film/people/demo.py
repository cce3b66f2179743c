"""Who the demo films; the library can film her, too, to learn from."""

from __future__ import annotations

from film.people.build import Build
from film.people.head import Head
from film.people.looks import Cloth
from film.people.person import Person
from film.people.wardrobe import Garment

ACTOR = Person(
    build=Build(gender=0.05, height=0.55, weight=0.45, muscle=0.6, origin=(0.2, 0.3, 0.5)),
    skin=(0.56, 0.32, 0.22),
    head=Head("bun", (0.045, 0.02, 0.012)),
    clothes=(
        Garment("trousers", Cloth((0.06, 0.09, 0.19)), length=0.95, ease=0.010, hem=0.012),
        Garment(
            "top",
            Cloth((0.60, 0.12, 0.07), (0.85, 0.78, 0.66), "rings", 15.0),
            sleeve=0.5,
            length=0.12,
            ease=0.012,
            hem=0.010,
        ),
        Garment("shoes", Cloth((0.75, 0.73, 0.70)), ease=0.007),
    ),
)
SOURCE, TRUTH = "hands_on_hips", "wave"
"""The moves of the demo's two takes: who tries what was learnt on the demo must not learn them."""
