"""What becomes of a job whose worker was seen to die: given back, or set aside where it kills its workers."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import select, update

from chassis.core import metrics, problems
from chassis.data import clock, presence
from chassis.data.database import Database
from chassis.data.jobs import FAILED, QUEUED, RUNNING, TABLE

# A job over which workers were seen to die so often kills them: mostly it fills the memory.
MOST_KILLED = 2
log = structlog.get_logger()


def hand_back(database: Database, worker: str, how: str | None) -> None:
    """Give back what a worker that is dead has in hand; `how` it died counts against the job, None (stopped) does not.

    A job over which workers died twice is set aside, as failed: the next worker would die too.
    """
    with database.begin() as session:
        presence.leave(session, worker)
        mine = (TABLE.c.worker == worker, TABLE.c.state == RUNNING)
        for row in session.execute(select(TABLE.c.id, TABLE.c.kind, TABLE.c.killed).where(*mine)).all():
            killed = row.killed + (how is not None)
            free: dict[str, Any] = {"worker": None, "lease_until": None, "killed": killed}
            if how is not None and killed >= MOST_KILLED:
                problem = job_killed(row.id, killed, how)
                free |= {"state": FAILED, "problem": problem, "finished_at": clock.now()}
                metrics.JOBS.labels(row.kind, FAILED).inc()
                log.error("job set aside", job=row.id, kind=row.kind, killed=killed, how=how)
            else:
                free |= {"state": QUEUED, "attempts": TABLE.c.attempts - int(how is None)}
            session.execute(update(TABLE).where(TABLE.c.id == row.id, *mine).values(free))


def job_killed(job_id: str, times: int, how: str) -> dict[str, Any]:
    """Return the problem of a job that was set aside."""
    detail = (
        f"Its worker died {times} times over it (last: {how}; signal 9 is mostly a lack of memory), so it was set "
        f"aside unfinished. The operator gives the worker more memory or has smaller files sent, and runs it again "
        f"under {job_id}. / 处理该任务的进程已 {times} 次被终止（最近一次：{how}；signal 9 多为内存不足），"
        f"任务已搁置。请运营方增加内存或拆分文件，然后凭编号 {job_id} 重新运行。"
    )
    return problems.document(problems.JOB_KILLED, detail, {"job": job_id, "killed": times, "how": how})
