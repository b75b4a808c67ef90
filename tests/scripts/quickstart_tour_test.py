#!/usr/bin/env python3
"""The judgements of scripts/quickstart_tour.py, each in both directions."""

import contextlib
import io
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import quickstart_tour as tour

ITEMS = [
    {"item_id": "trip", "weight": 20, "quantity": 0},
    {"item_id": "gold", "weight": 2_000, "quantity": 900},
    {"item_id": "thanks", "weight": 8_000, "quantity": "unlimited"},
]


def judge(drawn):
    with contextlib.redirect_stdout(io.StringIO()):
        return tour.odds_fit(ITEMS, Counter(drawn))


class ChiSquareTest(unittest.TestCase):
    def test_known_quantiles(self):
        # Upper tails from published tables.
        for statistic, degrees, p_value in ((3.841459, 1, 0.05), (6.634897, 1, 0.01),
                                            (7.814728, 3, 0.05), (18.307038, 10, 0.05),
                                            (149.449253, 100, 0.001), (0.710723, 4, 0.95)):
            self.assertAlmostEqual(p_value, tour.chi_square_p_value(statistic, degrees), places=6)

    def test_ends(self):
        self.assertEqual(1.0, tour.chi_square_p_value(0, 3))
        self.assertLess(tour.chi_square_p_value(1000, 3), 1e-200)


class OddsTest(unittest.TestCase):
    def test_what_fits_is_accepted_whatever_ran_out(self):
        self.assertTrue(judge({"trip": 3, "gold": 20_100, "thanks": 79_900}))

    def test_a_tilted_pool_is_refused(self):
        self.assertFalse(judge({"trip": 3, "gold": 21_000, "thanks": 79_000}))


class PromisesTest(unittest.TestCase):
    def test_a_line_cut_by_a_kill_promises_nothing(self):
        pool = tour.Pool("rewardpool", "pool.yaml", "pool")
        pool.note(b'{"request_id":1,"item_id":"gold"}\n')
        pool.note(b'{"request_id":2,"item_id":"go')
        pool.note(b'{"request_id":3,"error":"exhausted"}\n')
        self.assertEqual({1: "gold"}, pool.acknowledged)


class ComparisonTest(unittest.TestCase):
    """compare() must see each way in which a log can break its promises."""

    def found(self, acknowledged, log, starts_after=0):
        records = [{"type": "draw", "request_id": request, "item_id": item} for request, item in log]
        return tour.compare(acknowledged, records, starts_after)

    def test_a_log_that_keeps_all_is_whole(self):
        result = self.found({1: "gold", 2: "trip"}, [(1, "gold"), (2, "trip"), (3, "gold")])
        self.assertTrue(result.whole)
        self.assertEqual(1, result.unannounced)

    def test_a_lost_draw_is_seen(self):
        self.assertFalse(self.found({1: "gold", 2: "trip"}, [(1, "gold")]).whole)

    def test_another_item_is_seen(self):
        self.assertFalse(self.found({1: "gold"}, [(1, "trip")]).whole)

    def test_a_doubled_request_is_seen(self):
        self.assertFalse(self.found({1: "gold"}, [(1, "gold"), (1, "gold")]).whole)

    def test_draws_before_the_start_of_the_log_are_not_looked_for(self):
        self.assertTrue(self.found({1: "gold", 2: "trip"}, [(2, "trip")], starts_after=1).whole)


if __name__ == "__main__":
    unittest.main()
