//! The system calls that the loader needs (syscalls(2)), and where the kernel begins the program.
#![expect(unsafe_code, reason = "system calls and the entry point have no safe form")]

use alloc::vec::Vec;
use core::arch::{asm, global_asm};

/// A text of the kernel or for it: bytes that end in a zero.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Text(*const u8);

/// An error of the kernel (errno(3)).
#[derive(Clone, Copy)]
pub(super) struct Errno(pub(super) usize);

impl Text {
    /// The bytes have to end in a zero.
    pub(super) const fn of(bytes: &'static [u8]) -> Self {
        Self(bytes.as_ptr())
    }

    pub(super) fn is(self, bytes: &[u8]) -> bool {
        // SAFETY: the text ends in a zero, and reading stops at the first difference
        bytes.iter().chain(&[0]).enumerate().all(|(at, byte)| unsafe { *self.0.add(at) } == *byte)
    }
}

impl Errno {
    pub(super) fn to_digits(self) -> Vec<u8> {
        let mut digits = Vec::new();
        let mut rest = self.0;
        while rest > 0 || digits.is_empty() {
            digits.insert(0, b'0' + u8::try_from(rest % 10).unwrap_or(0));
            rest /= 10;
        }
        digits
    }

    /// Those that a closed system answers.
    pub(super) fn name(self) -> &'static [u8] {
        match self.0 {
            1 => b" (EPERM: not permitted)",
            2 => b" (ENOENT: no such file)",
            8 => b" (ENOEXEC: another architecture)",
            12 => b" (ENOMEM: out of memory)",
            13 => b" (EACCES: permission denied)",
            28 => b" (ENOSPC: no space left)",
            30 => b" (EROFS: read-only)",
            38 => b" (ENOSYS: no such system call)",
            _ => b"",
        }
    }
}

pub(super) fn read_file(path: &Text, into: &mut Vec<u8>) -> Result<(), Errno> {
    let file = call(number::OPENAT, [HERE, path.0 as usize, 0, 0, 0, 0])?;
    let mut buffer = [0_u8; 64 << 10];
    loop {
        match call(number::READ, [file, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0])? {
            0 => return Ok(()),
            read => into.extend_from_slice(&buffer[..read]),
        }
    }
}

/// A file in memory with these bytes.
pub(super) fn create_memory_file(bytes: &[u8]) -> Result<usize, Errno> {
    let name = b"arcprobe-agent\0".as_ptr() as usize;
    let file = call(number::MEMFD_CREATE, [name, CLOSE_ON_EXECUTE_MEMORY, 0, 0, 0, 0])?;
    write_all(file, bytes)?;
    Ok(file)
}

pub(super) fn write_program(path: Text, bytes: &[u8]) -> Result<(), Errno> {
    let flags = WRITE_ONLY | CREATE | CLOSE_ON_EXECUTE;
    let file = call(number::OPENAT, [HERE, path.0 as usize, flags, 0o700, 0, 0])?;
    write_all(file, bytes)?;
    // a file that is open for writing cannot be executed
    call(number::CLOSE, [file, 0, 0, 0, 0, 0]).map(drop)
}

/// Comes back only when it fails.
pub(super) fn execute_file(file: usize, arguments: &[Text]) -> Errno {
    let (path, list, end) = (b"\0".as_ptr() as usize, list(arguments), [0_usize]);
    let arguments = [file, path, list.as_ptr() as usize, end.as_ptr() as usize, EMPTY_PATH, 0];
    call(number::EXECVEAT, arguments).err().unwrap_or(Errno(0))
}

/// Comes back only when it fails.
pub(super) fn execute_path(path: Text, arguments: &[Text]) -> Errno {
    let (list, end) = (list(arguments), [0_usize]);
    let arguments = [HERE, path.0 as usize, list.as_ptr() as usize, end.as_ptr() as usize, 0, 0];
    call(number::EXECVEAT, arguments).err().unwrap_or(Errno(0))
}

/// A program's own name, its arguments, a zero.
fn list(arguments: &[Text]) -> Vec<*const u8> {
    let mut list = Vec::with_capacity(arguments.len() + 2);
    list.push(b"arcprobe-agent\0".as_ptr());
    list.extend(arguments.iter().map(|text| text.0));
    list.push(core::ptr::null());
    list
}

pub(super) fn write_stderr(line: &[u8]) {
    // nothing can be done where standard error is closed
    let _ = write_all(2, line);
}

pub(super) fn exit(code: i32) -> ! {
    loop {
        let _ = call(number::EXIT_GROUP, [code as usize, 0, 0, 0, 0, 0]);
    }
}

/// Fresh memory; null when there is none.
pub(super) fn map_pages(size: usize) -> *mut u8 {
    let arguments = [0, size.max(1), READ_WRITE, PRIVATE_ANONYMOUS, usize::MAX, 0];
    call(number::MMAP, arguments).map_or(core::ptr::null_mut(), |address| address as *mut u8)
}

fn write_all(file: usize, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let written = call(number::WRITE, [file, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0])?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// The kernel answers errors as small negative numbers.
fn call(number: usize, arguments: [usize; 6]) -> Result<usize, Errno> {
    // SAFETY: every caller passes what the call of this number takes
    let answer = unsafe { raw_call(number, arguments) };
    let errno = answer.wrapping_neg();
    if (1..4096).contains(&errno) { Err(Errno(errno)) } else { Ok(answer) }
}

#[cfg(target_arch = "x86_64")]
unsafe fn raw_call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> usize {
    let answer;
    // SAFETY: the registers of syscall(2); the kernel changes rcx and r11
    unsafe {
        asm!("syscall", inlateout("rax") number => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
            in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    answer
}

#[cfg(target_arch = "aarch64")]
unsafe fn raw_call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> usize {
    let answer;
    // SAFETY: the registers of syscall(2)
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a => answer, in("x1") b, in("x2") c, in("x3") d, in("x4") e,
            in("x5") f, options(nostack));
    }
    answer
}

#[cfg(target_arch = "x86_64")]
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "mov rdi, rsp", "and rsp, -16", "call {begin}", begin = sym begin);

#[cfg(target_arch = "aarch64")]
global_asm!(".globl _start", "_start:", "mov x29, #0", "mov x0, sp", "bl {begin}", begin = sym begin);

/// SAFETY: called once, by `_start`, with the stack that the kernel made: a count, and so many texts.
unsafe extern "C" fn begin(stack: *const usize) -> ! {
    let arguments = unsafe { core::slice::from_raw_parts(stack.add(1).cast::<Text>(), *stack) };
    exit(super::run(arguments))
}

/// AT_FDCWD.
const HERE: usize = -100_isize as usize;
const WRITE_ONLY: usize = 0o1;
const CREATE: usize = 0o100;
const CLOSE_ON_EXECUTE: usize = 0o2_000_000;
/// MFD_CLOEXEC.
const CLOSE_ON_EXECUTE_MEMORY: usize = 1;
/// AT_EMPTY_PATH.
const EMPTY_PATH: usize = 0x1000;
/// PROT_READ | PROT_WRITE.
const READ_WRITE: usize = 3;
/// MAP_PRIVATE | MAP_ANONYMOUS.
const PRIVATE_ANONYMOUS: usize = 0x22;

/// arch/x86/entry/syscalls/syscall_64.tbl
#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const READ: usize = 0;
    pub(super) const WRITE: usize = 1;
    pub(super) const CLOSE: usize = 3;
    pub(super) const MMAP: usize = 9;
    pub(super) const EXIT_GROUP: usize = 231;
    pub(super) const OPENAT: usize = 257;
    pub(super) const MEMFD_CREATE: usize = 319;
    pub(super) const EXECVEAT: usize = 322;
}

/// include/uapi/asm-generic/unistd.h
#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const OPENAT: usize = 56;
    pub(super) const CLOSE: usize = 57;
    pub(super) const READ: usize = 63;
    pub(super) const WRITE: usize = 64;
    pub(super) const EXIT_GROUP: usize = 94;
    pub(super) const MMAP: usize = 222;
    pub(super) const MEMFD_CREATE: usize = 279;
    pub(super) const EXECVEAT: usize = 281;
}
