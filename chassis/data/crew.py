"""The workers of a service: one process that forks one for each worker of each queue, and stands a new one in for each
that dies.

Processes and not threads: a job that fills the memory takes down itself alone and not the work beside it, and SIGTERM
ends each at once. What was loaded before the fork is shared. (ADR 0049 has the measurements.)
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chassis.core import readiness, traces
from chassis.core.settings import SettingsError
from chassis.data import leases, presence
from chassis.data.database import Database
from chassis.data.jobs import Kind
from chassis.data.worker import Handler, Problems, Worker, new_name

ENDING = (signal.SIGTERM, signal.SIGINT)
LOOK_SECONDS = 0.1
# How long a child may take to give its job back before it is ended and we do it: a library may hold it in its own code.
STOP_SECONDS = 3.0
# A place whose workers die this often within this time will not get well by another fork of us.
MOST_DEATHS, WITHIN_SECONDS = 5, 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Post:
    """A place in the crew: what is done there, by a process of its own that is told its name, until it is stopped.

    `hand_back` frees what such a process held beside jobs; it is told the name of one that is dead.
    """

    name: str
    work: Callable[[str], None]
    hand_back: Callable[[str], None] | None = None


@dataclass(slots=True)
class Member:
    """The process that holds a post just now."""

    post: Post
    name: str
    deaths: deque[float] = field(default_factory=deque)


def posts(
    database: Database,
    handlers: Mapping[Kind, Handler],
    problem_kinds: Problems,
    counts: Mapping[str, int],
    variable: str,
) -> list[Post]:
    """Return a post for each worker of each queue: one a queue, or as many as `counts` says (0: served elsewhere).

    Raise `SettingsError` where `counts`, which the environment's `variable` gives, names a queue that is not one.
    """
    queues = sorted({kind.queue for kind in handlers})
    if unknown := sorted(set(counts) - set(queues)):
        raise SettingsError(
            f"The settings cannot be used:\n  {variable}: there is no queue {', '.join(unknown)}; "
            f"the queues here are {', '.join(queues)}."
        )
    made = []
    for queue in queues:
        mine = {kind: handler for kind, handler in handlers.items() if kind.queue == queue}
        work = _serving(database, mine, problem_kinds)
        made += [Post(queue, work)] * counts.get(queue, 1)
    return made


def _serving(database: Database, handlers: Mapping[Kind, Handler], kinds: Problems) -> Callable[[str], None]:
    def serve(name: str) -> None:
        Worker(database, handlers, kinds, name=name).run()

    return serve


class Crew:
    """Forks a process for each post and keeps them all filled until SIGTERM or SIGINT.

    What a dead process had in hand is given back at once. The parent does nothing else: it holds no thread and no
    connection that a child could inherit.
    """

    def __init__(self, database: Database, places: Sequence[Post]) -> None:
        self._database = database
        self._places = places
        self._members: dict[int, Member] = {}
        self._stopping = False

    def run(self) -> None:
        """Work until stopped; exit with 1 where a post cannot be kept filled."""
        for number in ENDING:
            signal.signal(number, self._stop)
        self._database.dispose()
        gc.collect()
        gc.freeze()  # what is loaded is shared with the children as long as nobody writes to it
        gc.enable()  # whoever started us may have loaded all of it without (`chassis.core.together`)
        failed = False
        for post in self._places:
            self._start(Member(post, new_name()))
        readiness.tell()
        while not self._stopping and not failed:
            failed = not self._tend()
        self._end()
        if failed:
            sys.exit(1)

    def _start(self, member: Member) -> None:
        parent = os.getpid()
        # A signal that came before the child's own handlers would set our flag in its copy, and be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        pid = os.fork()
        if pid == 0:
            _be(member, parent, self._database)
        self._members[pid] = member
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def _tend(self) -> bool:
        """Look after the children once; tell whether all posts can be kept filled."""
        pid, status = os.waitpid(-1, os.WNOHANG) if self._members else (0, 0)
        member = self._members.pop(pid, None)
        if member is None:
            time.sleep(LOOK_SECONDS)
            return True
        how = _how(status)
        log.error("worker died", post=member.post.name, worker=member.name, how=how)
        self._hand_back(member, how)
        if self._stopping:
            return True
        now = time.monotonic()
        member.deaths.append(now)
        while member.deaths[0] < now - WITHIN_SECONDS:
            member.deaths.popleft()
        if len(member.deaths) >= MOST_DEATHS:
            log.error("post given up", post=member.post.name, deaths=len(member.deaths))
            return False
        self._start(Member(member.post, new_name(), member.deaths))
        return True

    def _end(self) -> None:
        """Have all children give back what they hold, and end those that do not."""
        for pid in self._members:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._members and time.monotonic() < deadline:
            pid, status = os.waitpid(-1, os.WNOHANG)
            member = self._members.pop(pid, None)
            if member is None:
                time.sleep(0.02)
            else:
                self._hand_back(member, _how(status) if os.WIFSIGNALED(status) else None)
        for pid, member in self._members.items():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self._hand_back(member, None)

    def _hand_back(self, member: Member, how: str | None) -> None:
        try:
            leases.hand_back(self._database, member.name, how)
            if member.post.hand_back is not None:
                member.post.hand_back(member.name)
        except SQLAlchemyError as error:  # its lease runs out
            log.warning("lease not handed back", worker=member.name, error=type(error).__name__)
        finally:
            self._database.dispose()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _be(member: Member, parent: int, database: Database) -> NoReturn:
    """Be a member of the crew in this forked process, whatever happens: the parent's code ends here."""
    code = 1
    try:
        for number in ENDING:
            signal.signal(number, _leave)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        threading.excepthook = _end_with_thread
        threading.Thread(target=_follow, args=(member, parent, database), daemon=True, name="follow").start()
        member.post.work(member.name)
    except SystemExit as exit_:
        code = 0 if exit_.code in (None, 0) else 1
    except BaseException:
        log.exception("worker broke off", post=member.post.name)
    finally:
        traces.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _end_with_thread(died: threading.ExceptHookArgs) -> None:
    """End the process of a thread that died: half a worker looks alive and does nothing."""
    log.error(
        "thread died",
        thread=died.thread and died.thread.name,
        exc_info=(died.exc_type, died.exc_value, died.exc_traceback),
    )
    os._exit(1)


def _follow(member: Member, parent: int, database: Database) -> None:
    """Say that we are there, and leave when the parent is gone: nobody would stand in for us, nor stop us."""
    said = float("-inf")
    while os.getppid() == parent:
        if time.monotonic() - said >= presence.BEAT_SECONDS:
            said = time.monotonic()
            try:
                presence.beat(database, member.name, member.post.name)
            except SQLAlchemyError as error:
                log.warning("presence not told", post=member.post.name, error=type(error).__name__)
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _how(status: int) -> str:
    code: Any = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit {code}"
