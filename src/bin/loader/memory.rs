//! Memory from the kernel, and the four functions that compilers expect of every C library.
#![expect(unsafe_code, reason = "an allocator and the functions of a C library deal in raw memory")]

use core::alloc::{GlobalAlloc, Layout};

use super::system;

/// Whole pages for every request and nothing given back: there are a dozen requests, and then the agent takes over.
struct Pages;

#[global_allocator]
static PAGES: Pages = Pages;

// SAFETY: the kernel gives fresh, zeroed pages, aligned to more than any layout of this program asks for.
unsafe impl GlobalAlloc for Pages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        system::map_pages(layout.size())
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

/// SAFETY (all four): as in C; callers are compilers and `core`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, size: usize) -> *mut u8 {
    let mut at = 0;
    while at < size {
        // volatile, so that this loop is not made a call of this function
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
        at += 1;
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, size: usize) -> *mut u8 {
    if (to as usize) <= (from as usize) {
        return unsafe { memcpy(to, from, size) };
    }
    let mut at = size;
    while at > 0 {
        at -= 1;
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, size: usize) -> *mut u8 {
    let mut at = 0;
    while at < size {
        unsafe { to.add(at).write_volatile(byte as u8) };
        at += 1;
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, size: usize) -> i32 {
    let mut at = 0;
    while at < size {
        let (a, b) = unsafe { (one.add(at).read_volatile(), other.add(at).read_volatile()) };
        if a != b {
            return i32::from(a) - i32::from(b);
        }
        at += 1;
    }
    0
}
