"""Studies: what they run, and that their stored tables are complete and decide the settings."""

import pytest

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.studies import STUDIES, TUNING, study_runs

PLACE = {"problem": "transport-periodic", "profile": "quick"}


@pytest.mark.parametrize("name", STUDIES)
def test_every_run_has_a_folder_of_its_own(name):
    runs = study_runs(name)
    seeds, cells = STUDIES[name]
    assert len(runs) == len(seeds) * len(cells)
    assert len({spec.fingerprint() for spec in runs.values()}) == len(runs)


GRIDS = [name for name in STUDIES if name.endswith("-grid")]


@pytest.mark.parametrize("name", GRIDS)
def test_tuning_seeds_are_reported_nowhere_else(name):
    assert STUDIES[name][0] == TUNING[: len(STUDIES[name][0])]
    others = {s for other, (seeds, _) in STUDIES.items() if other not in GRIDS for s in seeds}
    assert not set(TUNING) & (others | set(CASES[PLACE["problem"]].reported_seeds))
