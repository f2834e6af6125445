"""What operators are told of all cases at once: counts and moments, never which case. Canaries are nobody's."""

from dataclasses import dataclass
from datetime import datetime

from shared.postgres.pool import Pool


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many nobody has answered, since when the urgent ones, the next moments of the clocks.

    `new` of them came of late. `in_vain` are cases about which nobody could be reached, `missed` deadlines missed
    of late.
    """

    unanswered: int
    new: int
    urgent_since: datetime | None
    next_at: datetime | None
    judge_by: datetime | None
    in_vain: int
    missed: int


@dataclass(frozen=True, slots=True)
class Canary:
    """The newest canary that went the whole way: when it was sent, and when a provider took its page."""

    sent_at: datetime
    came_round_at: datetime


async def canary(pool: Pool) -> Canary | None:
    """The newest that came round; None where there is none of the last day."""
    row = await pool.fetchrow(
        """SELECT received_at AS sent_at, min(accepted_at) AS came_round_at
             FROM cases JOIN escalations USING (case_id) JOIN pages USING (escalation_id)
            WHERE canary AND accepted_at IS NOT NULL
            GROUP BY case_id, received_at ORDER BY received_at DESC LIMIT 1"""
    )
    return Canary(**row) if row else None


async def waiting(pool: Pool, *, missed_after: datetime, new_after: datetime) -> Waiting:
    """Over all cases."""
    row = await pool.fetchrow(
        """SELECT count(*) AS unanswered,
                  count(*) FILTER (WHERE received_at > $2) AS new,
                  min(received_at) FILTER (WHERE level IS NULL OR level IN ('high', 'acute')) AS urgent_since,
                  LEAST((SELECT min(next_at) FROM escalations), (SELECT min(next_at) FROM deadlines)) AS next_at,
                  (SELECT min(limit_at) FROM deadlines
                    WHERE next_at IS NOT NULL AND rule = 'acute_judgement') AS judge_by,
                  (SELECT count(*) FROM escalations e JOIN cases c USING (case_id)
                    WHERE nobody_at IS NOT NULL AND NOT c.canary AND NOT EXISTS
                        (SELECT FROM pages p WHERE p.escalation_id = e.escalation_id
                            AND accepted_at >= nobody_at)) AS in_vain,
                  (SELECT count(*) FROM deadlines WHERE missed_at > $1) AS missed
             FROM escalations JOIN cases USING (case_id)
            WHERE state IN ('unrated', 'paging') AND next_at IS NOT NULL AND NOT canary""",
        missed_after,
        new_after,
    )
    assert row is not None
    return Waiting(**row)


async def unusual(pool: Pool, *, since: datetime, views_from: int, reads_above: int, searches_from: int) -> int:
    """How many people have looked into so many cases since then, read in more than so many, or searched so often."""
    found: int = await pool.fetchval(
        """SELECT count(*) FROM
               (SELECT person_id FROM views WHERE at >= $1 GROUP BY 1 HAVING count(DISTINCT case_id) >= $2
                UNION
                SELECT person_id FROM reads WHERE at >= $1 GROUP BY 1 HAVING count(DISTINCT case_id) > $3
                UNION
                SELECT person_id FROM searches WHERE at >= $1 GROUP BY 1 HAVING count(*) >= $4) many""",
        since,
        views_from,
        reads_above,
        searches_from,
    )
    return found
