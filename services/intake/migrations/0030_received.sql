-- A report that was written down with a time of another age was received when it was entered, as far as anybody knows.
UPDATE reports SET received_at = entered_at
 WHERE NOT (received_at >= '1900-01-01 00:00:00+00' AND received_at <= entered_at);
