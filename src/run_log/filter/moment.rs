//! Times as people write them: `2026-11-22`, `2026-11`, `2026-11-22 13:40`, `7 days ago`, `2d`, `today`.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit, Zoned};

/// From its begin to before its end: a day is as long as it lasts where `now` was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    begin: Timestamp,
    end: Timestamp,
}

/// What a person may write.
pub const EXAMPLES: &str = "write a day ('2026-11-22', 'today'), a month ('2026-11'), a time ('2026-11-22 13:40') or how \
                            long ago it was ('7 days ago', '2d', '12h')";

impl Moment {
    /// What the text means; dates are in the time zone of `now`.
    pub fn read(text: &str, now: &Zoned) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "now" => Self::second(now.timestamp()),
            "today" => Self::of_date(now.date(), Span::new().days(1), now),
            "yesterday" => Self::of_date(now.date().yesterday().ok()?, Span::new().days(1), now),
            _ => Self::ago(&text, now).or_else(|| Self::calendar(&text, now)).or_else(|| Self::clock(&text, now)),
        }
    }

    /// Its begin and its end as the log's times compare with them: in UTC, to the second, without the `Z`, which
    /// sorts before every time in that second.
    pub fn bounds(&self) -> (String, String) {
        let text = |time: Timestamp| time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        (text(self.begin), text(self.end))
    }

    fn second(time: Timestamp) -> Option<Self> {
        let begin = Timestamp::from_second(time.as_second()).ok()?;
        Some(Self { begin, end: begin.checked_add(Span::new().seconds(1)).ok()? })
    }

    fn of_date(first: Date, length: Span, now: &Zoned) -> Option<Self> {
        let start = |date: Date| Some(date.to_zoned(now.time_zone().clone()).ok()?.timestamp());
        Some(Self { begin: start(first)?, end: start(first.checked_add(length).ok()?)? })
    }

    /// `7 days ago`, `7 days`, `7d`.
    fn ago(text: &str, now: &Zoned) -> Option<Self> {
        let text = text.strip_suffix("ago").unwrap_or(text).trim_end();
        let digits = text.find(|character: char| !character.is_ascii_digit())?;
        let (count, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "s" | "sec" | "second" | "seconds" => Unit::Second,
            "m" | "min" | "minute" | "minutes" => Unit::Minute,
            "h" | "hour" | "hours" => Unit::Hour,
            "d" | "day" | "days" => Unit::Day,
            "w" | "week" | "weeks" => Unit::Week,
            "month" | "months" => Unit::Month,
            "y" | "year" | "years" => Unit::Year,
            _ => return None,
        };
        let span = span(count.parse().ok()?, unit)?;
        Self::second(now.checked_sub(span).ok()?.timestamp())
    }

    /// A year, a month or a day.
    fn calendar(text: &str, now: &Zoned) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let digits =
            |part: &&str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(parts.first()?, 4) || !parts[1..].iter().all(|part| digits(part, 2)) {
            return None;
        }
        let mut numbers = parts.iter().map(|part| part.parse::<i16>().ok());
        let (year, month, day) = (numbers.next()??, numbers.next(), numbers.next());
        let length = match (month, day, numbers.next()) {
            (None, ..) => Span::new().years(1),
            (_, None, _) => Span::new().months(1),
            (_, _, None) => Span::new().days(1),
            _ => return None,
        };
        let small = |part: Option<Option<i16>>| part.unwrap_or(Some(1)).and_then(|part| i8::try_from(part).ok());
        Self::of_date(Date::new(year, small(month)?, small(day)?).ok()?, length, now)
    }

    /// A day with a time, in UTC or another zone when that is written.
    fn clock(text: &str, now: &Zoned) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        if let Ok(time) = text.parse::<Timestamp>() {
            return Self::second(time);
        }
        // A day without a time was read before.
        let time: DateTime = text.parse().ok().filter(|_| text.contains(':'))?;
        let begin = time.to_zoned(now.time_zone().clone()).ok()?.timestamp();
        let length = match text.matches(':').count() {
            1 => Span::new().minutes(1),
            _ => return Self::second(begin),
        };
        Some(Self { begin, end: begin.checked_add(length).ok()? })
    }
}

fn span(count: i64, unit: Unit) -> Option<Span> {
    let span = Span::new();
    let span = match unit {
        Unit::Second => span.try_seconds(count),
        Unit::Minute => span.try_minutes(count),
        Unit::Hour => span.try_hours(count),
        Unit::Day => span.try_days(count),
        Unit::Week => span.try_weeks(count),
        Unit::Month => span.try_months(count),
        _ => span.try_years(count),
    };
    span.ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = date(2026, 11, 22).at(13, 40, 5, 0).in_tz("Europe/Berlin").unwrap();
        let read = |text: &str| Moment::read(text, &now).map(|moment| moment.bounds());
        let told = |begin: &str, end: &str| Some((begin.to_owned(), end.to_owned()));
        assert_eq!(read("today"), told("2026-11-21T23:00:00", "2026-11-22T23:00:00"));
        assert_eq!(read("yesterday"), read("2026-11-21"));
        assert_eq!(read("2026-11"), told("2026-10-31T23:00:00", "2026-11-30T23:00:00"));
        assert_eq!(read("2026"), told("2025-12-31T23:00:00", "2026-12-31T23:00:00"));
        assert_eq!(read("2026-11-22 13:40"), told("2026-11-22T12:40:00", "2026-11-22T12:41:00"));
        assert_eq!(read("2026-11-22T13:40:07Z"), told("2026-11-22T13:40:07", "2026-11-22T13:40:08"));
        assert_eq!(read("7 days ago"), told("2026-11-15T12:40:05", "2026-11-15T12:40:06"));
        assert_eq!(read("7d"), read("1 week"));
        assert_eq!(read("90m"), told("2026-11-22T11:10:05", "2026-11-22T11:10:06"));
        for wrong in ["", "soon", "2026-13", "2026-11-22-1", "d", "5 parsecs", "99999999999999999999d", "20261122"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
