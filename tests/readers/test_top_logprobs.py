"""Answers of servers: the likeliest tokens of each position, or an error."""

import json

import pytest

from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions, opened


@pytest.fixture
def tops(table):
    def call(answer, at=None):
        with opened(table("x.json", json.dumps(answer)), ReadOptions(at=at)) as found:
            return (found.data if at is None else found.data.at(at)).tops

    return call


def token(text, log, *others, with_bytes=True):
    """Return a position of a chat's answer."""

    def entry(text, log):
        own = list(text.encode()) if with_bytes else None
        return {"token": text, "logprob": log, "bytes": own}

    return {**entry(text, log), "top_logprobs": [entry(*other) for other in others]}


def chat(*positions):
    choice = {"index": 0, "message": {"role": "assistant", "content": "..."}}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [{**choice, "logprobs": {"content": list(positions), "refusal": None}}],
        "usage": {"total_tokens": 9},
    }


def test_a_chat(tops):
    answer = chat(
        token("Hé", -0.1, ("Hé", -0.1), ("Hi", -2.5)),
        # The token that was drawn need not be among the likeliest.
        token("!", -4.0, (".", -0.2), (",", -2.0)),
        token("", -9999.0, ("a", -0.3), ("b", -9999.0)),
    )
    found = tops(answer)
    name = {
        text: ",".join(map(str, text.encode())) for text in ("Hé", "Hi", "!", ".", ",", "a", "")
    }
    assert found.rows == [
        {name["Hé"]: -0.1, name["Hi"]: -2.5},
        {name["."]: -0.2, name[","]: -2.0, name["!"]: -4.0},
        {name["a"]: -0.3},
    ]
    assert found.targets == [name["Hé"], name["!"], name[""]]
    assert found.identity == "bytes"
    # The part of it, by its pointer.
    assert tops(answer, at="/choices/0/logprobs").rows == found.rows
    assert tops([answer, answer]).rows == found.rows * 2


def test_tokens_without_bytes_are_known_by_their_text(tops):
    first = token("a", -0.1, ("a", -0.1), ("b", -3.0), with_bytes=False)
    second = token("a", -0.1, ("a", -0.1), ("a", -2.5), ("b", -3.0), with_bytes=False)
    found = tops(chat(first, second))
    # Two that share a name are none.
    assert found.rows == [{"a": -0.1, "b": -3.0}, {"b": -3.0}]
    assert found.identity == "text"


PROMPT = [
    None,
    {
        "464": {"logprob": -0.25, "rank": 1, "decoded_token": "The"},
        "32": {"logprob": -2.0, "rank": 2, "decoded_token": "A"},
        "7": {"logprob": -11.0, "rank": 900, "decoded_token": "x"},
    },
    {"9": {"logprob": -0.5, "rank": 1}, "8": {"logprob": float("-inf"), "rank": 2}},
]


@pytest.mark.parametrize("where", ["choice", "answer", "alone"])
def test_the_prompt_of_vllm(tops, where):
    own = {"prompt_logprobs": PROMPT, "prompt_token_ids": [1, 7, 9]}
    answer = {
        "choice": {"choices": [{"index": 0, "logprobs": None, **own}]},
        "answer": {"choices": [{"index": 0, "message": {}}], **own},
        "alone": own,
    }[where]
    found = tops(answer)
    assert found.rows == [{"464": -0.25, "32": -2.0, "7": -11.0}, {"9": -0.5}]
    assert (found.targets, found.identity) == (["7", "9"], "id")
    del own["prompt_token_ids"]
    assert tops({"choices": [own]}).targets == [None, None]


def test_a_completion_of_the_older_form(tops):
    logprobs = {
        "tokens": ["The", " cat", " sat"],
        "token_logprobs": [None, -0.5, -0.1],
        "top_logprobs": [None, {" cat": -0.5, " dog": -1.0}, {" sat": -0.1}],
    }
    found = tops({"choices": [{"text": "", "logprobs": logprobs}]})
    assert found.rows == [{" cat": -0.5, " dog": -1.0}, {" sat": -0.1}]
    assert (found.targets, found.identity) == ([" cat", " sat"], "text")


@pytest.mark.parametrize("number", ["-0.5", None, 0.5, float("nan"), float("inf"), True])
def test_logarithms_that_are_none(refused, number):
    answer = chat(token("a", -0.1, ("a", -0.1), ("b", number)))
    assert refused("x.json", json.dumps(answer)).code == "bad-logprob"


def test_sums_above_one(refused):
    error = refused("x.json", json.dumps(chat(token("a", -0.1, ("a", -0.1), ("b", -0.2)))))
    assert (error.code, "row 0 add up to 1.72357" in error.message) == ("bad-logprob", True)


def test_answers_that_list_nothing(refused):
    error = refused("x.json", json.dumps(chat(token("a", -0.1))))
    assert (error.code, "top_logprobs" in error.hint) == ("no-weights", True)


def test_they_are_no_single_distribution(refused, table):
    text = json.dumps(chat(token("a", -0.1, ("a", -0.1), ("b", -3.0))))
    assert refused("x.json", text).code == "coded-rows"
    with pytest.raises(Exception, match="compared with those by another model"):
        data_set(table("x.json", text), ReadOptions())


@pytest.mark.parametrize(
    "value",
    [
        {"choices": {"a": 5, "b": 3}},
        {"content": {"a": 5, "b": 3}},
        {"logprobs": {"a": -0.1, "b": -3}},
        {"choices": [{"logprobs": {"a": 0.5, "b": 0.5}}]},
        {"prompt_logprobs": [1, 2, 3]},
        {"content": []},
        {"choices": []},
        [],
    ],
    ids=str,
)
def test_what_only_resembles_an_answer(table, value):
    with opened(table("x.json", json.dumps(value)), ReadOptions()) as found:
        assert getattr(found.data, "tops", None) is None
