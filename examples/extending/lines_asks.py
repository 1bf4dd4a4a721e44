"""What `lines` takes, for the promise of protocols."""

from stoker.testing import Ask

SOUND = [Ask("POST", "/lines", "age,职业\n20,nurse\n".encode(), "text/csv")]
