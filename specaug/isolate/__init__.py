"""Sources are worked on in a child process that may crash, hang or run out of memory.

What happens there, and what it does not cover, is told in ``docs/reliability.md``.
"""

from specaug.isolate.parent_watch import end_with_builder
from specaug.isolate.supervisor import MIN_MEMORY, SupervisedWorker, worker_of_this_thread

__all__ = ["MIN_MEMORY", "SupervisedWorker", "end_with_builder", "worker_of_this_thread"]
