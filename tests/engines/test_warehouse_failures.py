"""What goes wrong with a table in an engine is one clear error, and leaves nothing behind."""

import os
import socket
import threading
import tomllib

import pytest

from kldiv_cli import waiting
from kldiv_cli.errors import UsageError
from kldiv_cli.warehouse import address, relation

pytest.importorskip("ibis")
psycopg = pytest.importorskip("psycopg")
SECRET = "s3cret"
USER = "tester"
ROWS = """
    create table orders as select i, 'k' || i % 3 as kind, sqrt(i)::float8 as price
    from generate_series(1, 600) i
"""


@pytest.fixture(scope="module")
def server(postgres):
    """Return a connection to the server, which has a table, and roles."""
    with psycopg.connect(host=postgres, user=USER, dbname="postgres", autocommit=True) as found:
        found.execute(f"drop table if exists orders; {ROWS}")
        found.execute(f"create role guarded login password '{SECRET}'; create role bare login")
        found.execute("create schema shop; create table shop.none (a int, b text, c int)")
        yield found
        found.execute("drop table orders; drop schema shop cascade; drop role guarded, bare")


@pytest.fixture
def url(postgres):
    def made(user=USER, more=""):
        return f"postgresql://{user}@/postgres?host={postgres}{more}"

    return made


@pytest.fixture
def reference(kldiv, url, server, tmp_path):
    path = tmp_path / "orders.json"
    ran = kldiv("profile", "--connect", url(), "--table", "orders", "-o", path)
    assert (ran.code, ran.err) == (0, "")
    return path


def pauses(server):
    """Yield again and again, with the server's patience between, for what is soon to be."""
    for _ in range(30_000):
        yield
        server.execute("select pg_sleep(0.01)")


def sessions(server):
    query = "select count(*) from pg_stat_activity where application_name = 'kldiv'"
    for _ in pauses(server):
        if not (found := server.execute(query).fetchone()[0]):
            break
    return found


def things(server):
    """Return all tables, views and schemas that a run could leave behind."""
    query = (
        "select oid::text, relname from pg_class union select oid::text, nspname from pg_namespace"
    )
    return sorted(server.execute(query).fetchall())


def failed(ran, code):
    assert ran.code == 2, ran
    assert ran.out == ""
    assert f"error[{code}]: " in ran.err
    assert len(ran.err.splitlines()) == 1
    for word in (SECRET, USER, "guarded", "?host", "Traceback"):
        assert word not in ran.err.partition("; help: ")[0].replace("(tester)", "")
    return ran.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--current-table", "order"], "no-such-table", "'orders'"),
        (["--current-table", "shop.none"], "no-rows", "no rows of data"),
        (["--current-table", "a; drop table orders"], "bad-table", "no name"),
        (["--current-table", "read_csv('x')"], "bad-table", "no name"),
        (["--current-sql", "select 1; select 2"], "one-select", "2 statements"),
        (["--current-sql", "drop table orders"], "one-select", "no SELECT"),
        (["--current-sql", "delete from orders returning *"], "one-select", "no SELECT"),
        (["--current-sql", "select * into gone from orders"], "one-select", "no SELECT"),
        (["--current-sql", "with x as (delete from orders returning *) select * from x"],
         "one-select", "no SELECT"),
        (["--current-sql", "select 1) r; drop table orders; select * from (select 1"],
         "query-failed", "multiple commands"),
        (["--current-sql", "select nope from orders"], "query-failed", '"nope" does not exist'),
        (["--current-sql", "select 1 as a, 2 as a"], "duplicate-columns", "called 'a'"),
        (["--current-sql", "select"], "no-columns", "no columns"),
        (["--current-sql", "select i, kind, 1 / (i - 600) as price from orders"],
         "query-failed", "by zero"),
        (["--current-sql", "select i, 'infinity'::date as kind, price from orders"],
         "query-failed", ""),
        (["--current-sql", "select *, pg_sleep(9) from orders", "--timeout", "0.5"],
         "timeout", "in time"),
    ],
)  # fmt: skip
def test_tables_and_queries(kldiv, url, server, reference, words, code, says):
    before = things(server)
    ran = kldiv("check", reference, "--connect", url(), *words)
    assert says in failed(ran, code)
    assert (sessions(server), things(server)) == (0, before)
    assert server.execute("select count(*) from orders").fetchone() == (600,)


def test_a_session_cannot_write(kldiv, url, server, reference):
    server.execute("""
        create or replace function note() returns int language sql as
        $$ insert into shop.none values (1, 'x', 1) returning 1 $$
    """)
    query = "select *, note() as n from orders"
    ran = kldiv("check", reference, "--connect", url(), "--current-sql", query)
    assert "would write" in failed(ran, "query-failed")
    assert server.execute("select count(*) from shop.none").fetchone() == (0,)


def test_a_server_that_goes_away_in_the_middle(kldiv, url, server, reference):
    def end():
        query = """select pg_terminate_backend(pid) from pg_stat_activity
                   where application_name = 'kldiv' and wait_event = 'PgSleep'"""
        for _ in pauses(server):
            if server.execute(query).fetchall():
                break

    thread = threading.Thread(target=end)
    thread.start()
    query = "select *, pg_sleep(0.5) from orders"
    ran = kldiv("check", reference, "--connect", url(), "--current-sql", query, "-f", "json")
    thread.join()
    assert ran.code == 2
    assert '"code": "connection-lost"' in ran.out
    assert USER not in ran.out + ran.err
    assert sessions(server) == 0


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize(
    ("user", "more", "code"),
    [
        ("guarded", "", "not-connected"),
        ("guarded:", "", "password-in-url"),
        (f"guarded:{SECRET}", "", "password-in-url"),
        (f"{USER}", f"&password={SECRET}", "password-in-url"),
        (f"{USER}", f"&options=-c%20x={SECRET}", "bad-url"),
        ("nobody-here", "", "not-connected"),
        ("bare", "", "permission-denied"),
    ],
)
def test_who_asks(kldiv, url, server, reference, monkeypatch, user, more, code, debug):
    monkeypatch.setenv("PGPASSWORD", "wrong")
    monkeypatch.setenv("KLDIV_DEBUG", debug)
    ran = kldiv("check", reference, "--connect", url(user, more), "--current-table", "orders")
    assert ran.code == 2
    assert f"[{code}]" in ran.err
    for word in (SECRET, "wrong", "guarded", "nobody-here", "host="):
        assert word not in ran.err
    assert sessions(server) == 0


def test_a_password_is_taken_from_the_environment(kldiv, url, server, reference, monkeypatch):
    server.execute("grant select on orders to guarded")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    for asked in (url("guarded"), url("").replace("@", "")):
        monkeypatch.setenv("PGUSER", "guarded")
        words = ("check", reference, "--connect", asked, "--current-table", "orders")
        ran = kldiv(*words, "-f", "json")
        assert (ran.code, "guarded" in ran.err, SECRET in ran.err) == (0, False, False)
        assert '"source": "postgresql:///postgres/orders"' in ran.out
        assert SECRET not in ran.out
        assert "guarded" not in ran.out
    text = kldiv(*words, "-v")
    assert "PostgreSQL" in text.err
    assert "guarded" not in text.out + text.err


@pytest.mark.parametrize(
    "url",
    [
        "", "orders", "postgresql:/x/y", "mysql://h/d", "sqlite://x.db", f"pg://o:{SECRET}@h/d",
        f"postgresql://o:{SECRET}@h/d", f"postgresql://o:{SECRET}/x@h/d", "postgresql://h",
        f"postgresql://o:1/{SECRET}@h/d", "postgresql://h/a/b", "postgresql://h/d#x",
        f"postgresql://h/d?password={SECRET}", f"postgresql://h/d?service={SECRET}",
        f"sc://h:1/;token={SECRET}", f"sc://{SECRET}@h", "duckdb://", "duckdb://:memory:",
        f"duckdb://x.db?motherduck_token={SECRET}", "duckdb://md:x", f"POSTGRESQL://o:{SECRET}@h/d",
        f"postgresql://[{SECRET}/d",
    ],
)  # fmt: skip
def test_urls_that_are_refused(url):
    with pytest.raises(UsageError) as problem:
        address.parse(url)
    assert SECRET not in str(problem.value)


def test_urls_that_are_taken():
    found = address.parse("postgres://o%40x@h.example:5433/d%20b?sslmode=require")
    assert found == ("postgresql", "d b", "h.example", 5433, "o@x", {"sslmode": "require"})
    assert found.source == "postgresql://h.example:5433/d b"
    assert address.parse("postgresql://[::1]/d").source == "postgresql://[::1]/d"
    assert address.parse("postgresql:///d").source == "postgresql:///d"
    assert address.parse("duckdb:///a/b.db").database == "/a/b.db"
    assert address.parse("duckdb://a.db").source == "duckdb://a.db"
    assert address.parse("sc://h").source == "sc://h:15002"


def test_a_server_that_does_not_answer(kldiv, reference, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        found = f"postgresql://127.0.0.1:{deaf.getsockname()[1]}/d?sslmode=disable"
        words = ("--current-table", "orders", "--timeout", "0.3")
        ran = kldiv("check", reference, "--connect", found, *words)
        assert "did not answer" in failed(ran, "timeout")
    ran = kldiv("check", reference, "--connect", found, *words)
    assert "no connection" in failed(ran, "not-connected")


def test_files_of_duckdb(kldiv, reference, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    words = ("--current-table", "orders")
    missing = tmp_path / "nope.duckdb"
    ran = kldiv("check", reference, "--connect", f"duckdb://{missing}", *words)
    assert "error[no-such-file]" in ran.err
    assert not missing.exists()
    (tmp_path / "x.db").write_text("a,b\n1,2\n")
    ran = kldiv("check", reference, "--connect", f"duckdb://{tmp_path}/x.db", *words)
    assert "error[format-mismatch]" in ran.err
    path = tmp_path / "y.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute("create table orders as select 1 as i, 'x' as kind, 1.5 as price")
    before = path.read_bytes()
    for query in (
        f"select * from read_csv('{tmp_path}/x.db')",
        "insert into orders values (1, 'x', 1.5)",
        "select 1; select 2",
        "select * from orders) r; drop table orders; select * from (select 1",
    ):
        ran = kldiv("check", reference, "--connect", f"duckdb://{path}", "--current-sql", query)
        assert ran.code == 2
        assert "error[query-failed]" in ran.err or "error[one-select]" in ran.err
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["orders.json", "x.db", "y.duckdb"]


def test_another_type_on_one_side(kldiv, url, server, reference):
    query = "select i, kind, 'x' || i as price from orders"
    ran = kldiv("check", reference, "--connect", url(), "--current-sql", query, "-f", "json")
    assert ran.code == 1
    assert '"type-changed"' in ran.out


def test_no_file_of_settings_names_an_engine(kldiv, url, server, reference, tmp_path):
    settings = tmp_path / "kldiv.toml"
    for key in ("connect", "current-table", "reference-sql", "timeout"):
        settings.write_text(f'{key} = "x"\n')
        assert tomllib.loads(settings.read_text())
        words = ("--connect", url(), "--current-table", "orders", "--config", settings)
        ran = kldiv("check", reference, *words)
        assert ran.code == 2
        assert "error[forbidden-key]" in ran.err or "error[unknown-key]" in ran.err


def test_a_missing_extra_is_named(kldiv, reference, monkeypatch):
    monkeypatch.setattr("kldiv_cli.warehouse.session.is_installed", lambda: False)
    words = ("--connect", "postgresql:///d", "--current-table", "orders")
    ran = kldiv("check", reference, *words)
    assert "pip install '.[cluster]'" in ran.err
    assert "error[needs-extra]" in ran.err


def test_tables_of_one_connection_are_one_session(url, server):
    found = relation.Warehouse(address.parse(url()), 60)
    with found:
        assert found.session() is found.session()
    assert sessions(server) == 0
