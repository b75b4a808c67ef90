"""Which rows the plots show. Their last group is what the horizontal axis counts."""

import re

SELECTORS = r"bench_selector/BM_Select/([\w-]+)/zipf/(\w+)/(\d+)"
CALL_STYLES = (r"bench_actor/BM_(\w+)/(memory/durable|file/durable|mmap/async)/producers:(\d+)"
               r"/items:1000")
LATENCY = r"bench_actor/BM_Synchronous/(\w+)/([\w:]+)/producers:1/items:1000"
RECOVERY = r"bench_recovery/BM_RecoveryOfLog/threads:(\d+)/log_mib:(\d+)"
POOLS_OPEN = r"bench_pools/BM_PoolsOpen/(\w+)/pools:(\d+)"
POOLS_REOPEN = r"bench_pools/BM_PoolsReopen/pools:(\d+)"
POOLS_DRAW = r"bench_pools/BM_PoolsDraw(OneByOne|AtOnce)/pools:(\d+)"
POOLS_DRAW_DURABLY = r"bench_pools/BM_PoolsDrawDurably/pools:(\d+)/syncers:(\d+)"

ALL = (SELECTORS, CALL_STYLES, LATENCY, RECOVERY, POOLS_OPEN, POOLS_REOPEN, POOLS_DRAW,
       POOLS_DRAW_DURABLY)


def is_shown(row_name):
    return any(re.fullmatch(pattern, row_name) for pattern in ALL)
