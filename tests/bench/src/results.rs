//! What all repetitions showed: a row for each contender in each case.

use crate::case::Case;
use crate::contender::Contender;
use crate::measure::{Latency, Memory, Sample};

/// One contender in one case.
pub struct Row {
    pub contender: Contender,
    pub samples: Vec<Sample>,
    /// System calls for a megabyte.
    pub calls: Option<f64>,
    /// Why there are not as many samples as there should be.
    pub failure: Option<String>,
}

/// One case, with all who were there.
pub struct Table {
    pub case: Case,
    pub rows: Vec<Row>,
}

impl Table {
    pub fn new(case: Case, contenders: &[Contender]) -> Table {
        let rows = contenders.iter().map(|contender| Row {
            contender: *contender,
            samples: Vec::new(),
            calls: None,
            failure: None,
        });
        Table {
            case,
            rows: rows.collect(),
        }
    }

    /// The row of a contender that has something to show.
    pub fn row(&self, contender: Contender) -> Option<&Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.contender == contender && !row.samples.is_empty())
    }

    /// How many times the processor time of `other` a contender took, of each
    /// the median.
    pub fn ratio(&self, contender: Contender, other: Contender) -> Option<f64> {
        let of = |contender| self.row(contender)?.median().processor;
        Some(of(contender)? / of(other)?)
    }
}

impl Row {
    /// Of everything the median, each by itself; of peaks the highest.
    pub fn median(&self) -> Sample {
        let of = |value: &dyn Fn(&Sample) -> f64| median(self.samples.iter().map(value).collect());
        let processor = median_of_some(self.samples.iter().map(|sample| sample.processor));
        let memories: Vec<Memory> = self.samples.iter().filter_map(|s| s.memory).collect();
        Sample {
            processor,
            speed: of(&|sample| sample.speed),
            latency: Latency {
                p50: of(&|sample| sample.latency.p50),
                p99: of(&|sample| sample.latency.p99),
                most: of(&|sample| sample.latency.most),
            },
            first_frame: of(&|sample| sample.first_frame),
            memory: (!memories.is_empty()).then(|| median_memory(&memories)),
        }
    }

    /// The least and the most processor time of all repetitions.
    pub fn spread(&self) -> Option<(f64, f64)> {
        let times = self.samples.iter().filter_map(|sample| sample.processor);
        let least = times.clone().reduce(f64::min)?;
        Some((least, times.reduce(f64::max)?))
    }
}

fn median_memory(memories: &[Memory]) -> Memory {
    let of = |value: fn(&Memory) -> u64| {
        median(memories.iter().map(|memory| value(memory) as f64).collect()) as u64
    };
    let peaks = memories.iter().map(|memory| memory.peak);
    let pools = memories.iter().map(|memory| memory.pool);
    Memory {
        idle: of(|memory| memory.idle),
        loaded: of(|memory| memory.loaded),
        peak: peaks.max().unwrap_or(0),
        pool: pools.max().unwrap_or(0),
        each: median(memories.iter().map(|memory| memory.each).collect()),
    }
}

fn median_of_some(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.flatten().collect();
    (!values.is_empty()).then(|| median(values))
}

/// The middle value, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => (values[count / 2 - 1] + values[count / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
