"""Reference cases: the answers are the exact values of the exact inputs, to 40 digits."""

from __future__ import annotations

import numpy as np
import pytest
from exact import mp, perturb, relative_error, uniform

from kldiv_cli.core.divergences import divergences, evaluate

SIDES = {
    "near0.05": (uniform(11000, 15), perturb(uniform(11000, 15), 11100, 0.05, 1.0), "weights"),
    "near3e-05": (uniform(11001, 15), perturb(uniform(11001, 15), 11101, 3e-05, 1.0), "weights"),
    "near2e-09": (uniform(11002, 15), perturb(uniform(11002, 15), 11102, 2e-09, 1.0), "weights"),
    "near4e-12": (uniform(11003, 15), perturb(uniform(11003, 15), 11103, 4e-12, 1.0), "weights"),
    "random": (uniform(11020, 8), uniform(11120, 8), "weights"),
    "zero": ([0.5, 0.5, 0.0], [0.4, 0.3, 0.3], "weights"),
    "counts": ([3, 5, 9], [4, 4, 9], "weights"),
    "scaled": (uniform(11021, 50), perturb(uniform(11021, 50), 11121, 1e-07, 2.5), "weights"),
    "peaked": ([0.9999999999, 1e-10], [0.9999999997, 3e-10], "weights"),
    "logits": (
        [
            -1.224072675713965,
            0.3775881983015979,
            0.9949996276709397,
            -0.5132099485894354,
            -1.328979200686309,
            -0.06552940501343624,
        ],
        [
            -1.2240678955929425,
            0.37759918014926236,
            0.9949874689249446,
            -0.5132228772339438,
            -1.328972141407283,
            -0.06552466415630333,
        ],
        "logits",
    ),
    "n5000": (uniform(11022, 5000), uniform(11122, 5000), "weights"),
}

CASES = [
    ("near0.05", "kl_pq", "e", "0.0002977331607533755774845478159457455466872"),
    ("near0.05", "kl_qp", "2", "0.0004286765640160669153193452623610266939694"),
    ("near0.05", "js", "e", "0.00007435505254283028863286790493079730708269"),
    ("near0.05", "jeffreys", "e", "0.0005948691124732372658073432860846443921991"),
    ("near0.05", "renyi:0.5", "e", "0.0001487192206956193086920657297228902512026"),
    ("near0.05", "tsallis:2.0", "e", "0.0005967758657450485617322739741178476563557"),
    ("near0.05", "hellinger", "e", "0.008623041559711374860918379328798129351855"),
    ("near0.05", "tv", "e", "0.01047763310640216701998582958200809650062"),
    ("near0.05", "chi2_pq", "e", "0.0005967758657450485617322739741178476563557"),
    ("near0.05", "bhattacharyya", "e", "0.00007435961034780965434603286486144512560132"),
    ("near0.05", "psi", "e", "0.0005948691124732372658073432860846443921991"),
    ("near3e-05", "kl_pq", "e", "0.0000000001129146428473864355022075428187194875017"),
    ("near3e-05", "js", "e", "0.00000000002822867670928967104261664235389195799904"),
    ("near3e-05", "tv", "e", "0.000005843302804105847436116166509608456514369"),
    ("near2e-09", "kl_pq", "e", "6.244174392545484105778336694701962188498e-19"),
    ("near2e-09", "js", "e", "1.561043598287684440930160075829954764516e-19"),
    ("near2e-09", "tv", "e", "0.0000000004273574842016404703759909717375437765495"),
    ("near4e-12", "kl_pq", "e", "1.857150425103246418836861281703889051502e-24"),
    ("near4e-12", "js", "e", "4.642876062757779554951559476166027445110e-25"),
    ("near4e-12", "tv", "e", "8.223236963519044414687656405143446528480e-13"),
    ("random", "kl_pq", "e", "0.1274603223714463205688482943283363494487"),
    ("random", "kl_qp", "2", "0.1780243454564896328911145995956714162942"),
    ("random", "renyi:0.7", "e", "0.08857890643722246226548839184851386875359"),
    ("random", "tsallis:1.5", "e", "0.2020465503493452460075045524620465916574"),
    ("random", "entropy_p", "e", "1.992726180684172025542285027831290878828"),
    ("random", "cross_entropy_pq", "e", "2.120186503055618346111133322159627228277"),
    ("random", "chi2_pq", "e", "0.2924248223317934098394196059653152011389"),
    ("zero", "kl_pq", "e", "0.3669845875401002102340460547637781616889"),
    ("zero", "kl_qp", "e", "inf"),
    ("zero", "js", "e", "0.1193891758279569770789542887341463838715"),
    ("counts", "kl_pq", "e", "0.01486303171857094097140108432751118955073"),
    ("counts", "hellinger", "e", "0.06124321324352698291384948844411879549472"),
    ("counts", "bhattacharyya", "e", "0.003757782798575924458377884547107403521749"),
    ("scaled", "kl_pq", "e", "1.688423369709074260880290859152526418074e-15"),
    ("scaled", "js", "e", "4.221058423393588435696066045407491261657e-16"),
    ("peaked", "kl_pq", "e", "0.00000000009013877115318902958805730203762531490139"),
    ("peaked", "entropy_p", "e", "0.000000002402585092989045786957733707994827821960"),
    ("logits", "kl_pq", "e", "0.00000000005363274030362710073615808556638775446189"),
    ("logits", "kl_qp", "e", "0.00000000005363278185567048419892130107107094122849"),
    ("n5000", "kl_pq", "e", "0.5037463717159504821255230648939761626251"),
]

LIMITS = {"kl_pq": 1.2e-15, "kl_qp": 1.2e-15, "entropy_p": 5e-16}
"""Relative; every other f-divergence 1e-15, logarithms of overlaps and cross-entropy 2e-15."""


@pytest.mark.parametrize(("data", "measure", "base", "expected"), CASES)
def test_reference_cases_are_met_to_the_last_digits(data, measure, base, expected):
    p, q, kind = SIDES[data]
    found = evaluate(np.array(p), np.array(q), [measure], base=base, kind=kind)
    truth = mp.inf if expected == "inf" else mp.mpf(expected)
    error = relative_error(found.values[measure], truth)
    limit = LIMITS.get(measure, 2e-15 if ":" in measure or "_" in measure else 1e-15)
    assert error <= limit
    assert error <= found.bounds[measure] <= 1e-13
    # Without bounds, Kullback-Leibler divergences go another way.
    alone = divergences(np.array(p), np.array(q), measures=[measure], base=base, kind=kind)
    assert relative_error(alone[measure], truth) <= limit
