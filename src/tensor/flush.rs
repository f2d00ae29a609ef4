//! Denormal numbers count as zero while a guard lives: an optimizer's second moments of never-lit pixels decay into
//! them, and arithmetic on them is a hundred times slower. The mode is the thread's; the guard puts it back.

use std::marker::PhantomData;

/// While this lives, the current thread flushes denormal results to zero and reads denormal operands as zero.
pub struct FlushToZero {
    before: Mode,
    // The mode belongs to the thread that set it.
    stays_here: PhantomData<*const ()>,
}

impl FlushToZero {
    #[must_use]
    pub fn new() -> Self {
        let before = mode::read();
        mode::write(before | mode::FLUSH);
        Self { before, stays_here: PhantomData }
    }
}

impl Default for FlushToZero {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for FlushToZero {
    fn drop(&mut self) {
        mode::write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
type Mode = u32;
#[cfg(not(target_arch = "x86_64"))]
type Mode = u64;

#[cfg(target_arch = "x86_64")]
mod mode {
    use std::arch::asm;

    /// Flush-to-zero (bit 15) and denormals-are-zero (bit 6) of MXCSR.
    pub const FLUSH: u32 = 1 << 15 | 1 << 6;

    pub fn read() -> u32 {
        let mut value = 0u32;
        // SAFETY: stores the control register into a local variable.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags)) };
        value
    }

    pub fn write(value: u32) {
        // SAFETY: only the two bits above ever differ from what the thread had; rounding and traps stay as they were.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod mode {
    use std::arch::asm;

    /// Flush-to-zero (bit 24) of FPCR, which covers operands and results.
    pub const FLUSH: u64 = 1 << 24;

    pub fn read() -> u64 {
        let value: u64;
        // SAFETY: reads the control register.
        unsafe { asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack, preserves_flags)) };
        value
    }

    pub fn write(value: u64) {
        // SAFETY: only the bit above ever differs from what the thread had.
        unsafe { asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod mode {
    pub const FLUSH: u64 = 0;

    pub fn read() -> u64 {
        0
    }

    pub fn write(_: u64) {}
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn denormals_vanish_only_while_the_guard_lives() {
        let half = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        assert!(half() > 0.0);
        let guard = FlushToZero::new();
        assert_eq!(half().to_bits(), 0);
        drop(guard);
        assert!(half() > 0.0);
    }
}
