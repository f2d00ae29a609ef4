//! Compiles a loop once for each width of vector registers and picks one when the program runs, so that one binary is
//! fast on new processors and runs on old ones. The numbers do not depend on the choice: no operation is fused or
//! reordered.

/// Which of the compiled versions this processor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Baseline,
    Avx2,
    Avx512,
}

/// The widest level this processor has.
#[inline]
pub fn level() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        // The standard library caches the answers.
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            return Level::Avx512;
        }
        if is_x86_feature_detected!("avx2") {
            return Level::Avx2;
        }
    }
    Level::Baseline
}

/// Defines a function of one number type `E` whose body is compiled for every [`Level`].
macro_rules! vectorized {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$E:ident>($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name<$E: $crate::tensor::float::Float>($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn body<$E: $crate::tensor::float::Float>($($arg: $ty),*) $(-> $ret)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2<$E: $crate::tensor::float::Float>($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512<$E: $crate::tensor::float::Float>($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                match $crate::tensor::simd::level() {
                    // SAFETY: `level` says that this processor has these instructions.
                    $crate::tensor::simd::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::tensor::simd::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::tensor::simd::Level::Baseline => {}
                }
            }
            body($($arg),*)
        }
    };
}

pub(crate) use vectorized;
