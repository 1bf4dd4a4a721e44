"""What tasks learned: one file a task, under the task's name; all that serving loads."""
