//! Student's t, its noncentral sibling, F and the normal distribution, from the special functions of `statrs`.

use statrs::function::beta::checked_beta_reg;
use statrs::function::erf::erfc;
use statrs::function::gamma::ln_gamma;

/// The regularized incomplete beta function; not a number outside of its domain, as after an overflow.
fn beta_reg(a: f64, b: f64, x: f64) -> f64 {
    checked_beta_reg(a, b, x).unwrap_or(f64::NAN)
}

/// The probability of a |t| at least so large with this many degrees of freedom.
pub fn t_two_sided(t: f64, freedom: f64) -> f64 {
    beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The t that is exceeded in size with this probability, 0 < p < 1.
pub fn t_critical(p: f64, freedom: f64) -> f64 {
    // The probability falls steadily with t, so bisection finds it to the last digit.
    let mut high = 1.0;
    while t_two_sided(high, freedom) > p {
        high *= 2.0;
    }
    bisect(0.0, high, |t| t_two_sided(t, freedom) > p)
}

/// The probability of an F at least so large.
pub fn f_upper(f: f64, between: f64, within: f64) -> f64 {
    beta_reg(within / 2.0, between / 2.0, within / (within + between * f))
}

/// The standard normal distribution function.
pub fn normal(z: f64) -> f64 {
    erfc(-z / std::f64::consts::SQRT_2) / 2.0
}

/// The probability that a noncentral t is at least `t` in size: (Z + shift) / s with Z standard normal and s² a mean
/// of `freedom` squared standard normals, integrated over s by Simpson's rule.
pub fn noncentral_t_two_sided(t: f64, freedom: f64, shift: f64) -> f64 {
    const STEPS: usize = 600;
    // The logarithm of s is spread by about this much; beyond twelve times that nothing is left.
    let spread = 12.0 / (2.0 * freedom).sqrt();
    let constant = (2.0_f64).ln() + freedom / 2.0 * (freedom / 2.0).ln() - ln_gamma(freedom / 2.0);
    // With few degrees of freedom small s are far likelier than large ones.
    let (low, high) = (-spread * (1.0 + 4.0 / freedom), spread.min(2.0));
    let width = (high - low) / STEPS as f64;
    let at = |step: usize| {
        let log = low + width * step as f64;
        let s = log.exp();
        let density = (constant + freedom * log - freedom / 2.0 * s * s).exp();
        density * (normal(shift - t * s) + normal(-shift - t * s))
    };
    let weight = |step: usize| if step == 0 || step == STEPS { 1.0 } else { 2.0 + 2.0 * (step % 2) as f64 };
    let sum: f64 = (0..=STEPS).map(|step| weight(step) * at(step)).sum();
    (sum * width / 3.0).clamp(0.0, 1.0)
}

/// The place where `below` turns from true to false.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if below(middle) { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64, within: f64) {
        assert!((value - expected).abs() <= within * expected.abs(), "{value} is not {expected}");
    }

    #[test]
    fn probabilities_of_t_are_those_of_scipy() {
        // 2 * scipy.stats.t.sf(t, freedom)
        let known = [
            (2.0, 3.0, 0.13932596855884305),
            (0.5, 1.0, 0.7048327646991335),
            (12.5, 7.0, 4.832418023181001e-6),
            (1.96, 1000.0, 0.050273184955748736),
            (3.3, 4.7, 0.023544845344354696),
        ];
        for (t, freedom, p) in known {
            near(t_two_sided(t, freedom), p, 1e-11);
            near(t_critical(p, freedom), t, 1e-10);
        }
        assert_eq!(t_two_sided(0.0, 5.0), 1.0);
    }

    #[test]
    fn critical_values_of_t_are_those_of_scipy() {
        // scipy.stats.t.ppf(0.975, freedom)
        for (freedom, t) in
            [(1.0, 12.706204736174694), (2.0, 4.302652729749462), (9.0, 2.262157162798205), (120.0, 1.9799304050824402)]
        {
            near(t_critical(0.05, freedom), t, 1e-11);
        }
    }

    #[test]
    fn probabilities_of_f_are_those_of_scipy() {
        // scipy.stats.f.sf(f, between, within)
        for (f, between, within, p) in [
            (3.5, 2.0, 12.0, 0.06346961596914298),
            (0.8, 6.0, 28.0, 0.5781557339546637),
            (250.0, 1.0, 5.0, 1.84085296110221e-5),
        ] {
            near(f_upper(f, between, within), p, 1e-11);
        }
    }

    #[test]
    fn probabilities_of_the_noncentral_t_are_those_of_scipy() {
        // scipy.stats.nct.sf(t, freedom, shift) + scipy.stats.nct.cdf(-t, freedom, shift)
        let known = [
            (12.706204736174694, 1.0, 1.5, 0.09736311752026339),
            (4.302652729749462, 2.0, 0.3, 0.05415899453396873),
            (2.262157162798205, 9.0, 2.5, 0.6061383742015277),
            (1.98, 120.0, 2.8, 0.7931774312900371),
            (1.96, 5000.0, 2.8, 0.799529030462855),
        ];
        for (t, freedom, shift, p) in known {
            near(noncentral_t_two_sided(t, freedom, shift), p, 1e-8);
        }
    }
}
