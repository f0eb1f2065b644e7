"""Tokenizers whose files change while a session goes on: what the user is told, and what only the log is."""

import contextlib
import pathlib
import shutil
import tempfile

import pytest
from harness.database import Database
from harness.server import CHECKOUT

INSTALLED = CHECKOUT / "models" / "tiny-sdxl" / "tokenizer"
COUNT = "select tokens, exact from atelier_engine.count_prompt_tokens('incomprehensibilities', 'mine')"


@pytest.fixture
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="tokenizers-"))
    path.chmod(0o755)  # for the user of the server
    shutil.copytree(INSTALLED, path / "mine")
    yield path
    shutil.rmtree(path)


def test_a_damaged_tokenizer_is_a_warning_once(make_server, directory):
    server = make_server(**{"atelier.runner_enabled": "off", "atelier.tokenizer_directory": str(directory)})
    database = Database.create(server, "tokens")
    merges = directory / "mine" / "merges.txt"
    whole = merges.read_bytes()
    with contextlib.closing(server.connect("tokens")) as session, session.cursor() as cursor:

        def count():
            session.notices.clear()
            cursor.execute(COUNT)
            return cursor.fetchone(), list(session.notices)

        counted, notices = count()
        assert counted[1] and not notices

        merges.write_bytes(whole + b"qx zz\n")
        (tokens, exact), notices = count()
        estimate = database.value("select atelier_engine.estimate_prompt_tokens('incomprehensibilities')")
        assert not exact and tokens == estimate
        assert len(notices) == 1 and 'the tokenizer "mine" cannot be used' in notices[0]
        assert str(directory) not in notices[0] and "qx zz" not in notices[0]
        assert f'{merges}: merge "qx zz" is not in the vocabulary' in server.log()
        assert count() == ((tokens, False), []), "once for this version of the files"

        merges.write_bytes(whole + b"qx yy\n")
        assert len(count()[1]) == 1, "another version, another warning"

        merges.write_bytes(whole)
        assert count() == (counted, []), "mended"
