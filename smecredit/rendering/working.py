"""How queues and their jobs are shown."""

from __future__ import annotations

from typing import Any

from smecredit.rendering.tables import NONE, plain_table, terminal


def queued(answer: dict[str, Any]) -> None:
    """Show each queue with who works at it, and the jobs that wait, run or failed."""
    console = terminal()
    queues = plain_table("service", "queue", ">waiting", ">running", ">oldest, s", ">workers")
    jobs = plain_table("service", "job", "kind", "state", ">done", ">tries", ">killed", "since", "problem")
    for service, said in answer["services"].items():
        for queue in said["queues"]:
            figures = [f"{queue[name]:,}" for name in ("waiting", "running", "oldest_seconds", "workers")]
            queues.add_row(service, queue["queue"], *figures)
        for job in said["jobs"]:
            done = f"{job['done']:,}/{job['total']:,}" if job["total"] else NONE
            counted = (done, str(job["attempts"]), str(job["killed"]))
            problem = (job["problem"] or "").removeprefix("/problems/")
            jobs.add_row(service, job["id"], job["kind"], job["state"], *counted, job["created_at"][:19], problem)
    console.print(queues)
    if jobs.row_count:
        console.print(jobs)
