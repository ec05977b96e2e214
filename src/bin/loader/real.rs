//! The loader itself.

#[path = "memory.rs"]
mod memory;
#[path = "system.rs"]
mod system;

use alloc::vec::Vec;

use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::{LzmaReader, Read};

use system::{Errno, Text};

/// Where the program begins: the stack pointer leads to the arguments (System V ABI, "Process Initialization").
fn run(arguments: &[Text]) -> i32 {
    let split = arguments.iter().position(|argument| argument.is(b"--"));
    let Some((pieces, rest)) = split.map(|at| (&arguments[1..at], &arguments[at + 1..])) else {
        return report_error(b"usage: arcprobe-loader PIECE... -- ARGUMENT...", Errno(0));
    };
    let mut packed = Vec::new();
    for piece in pieces {
        if let Err(errno) = system::read_file(piece, &mut packed) {
            return report_error(b"a piece of the agent cannot be read", errno);
        }
    }
    match unpack_agent(&packed) {
        Some(agent) => execute_agent(&agent, rest),
        None => report_error(b"the pieces do not make an agent", Errno(0)),
    }
}

fn unpack_agent(packed: &[u8]) -> Option<Vec<u8>> {
    let reader = LzmaReader::new_mem_limit(packed, LARGEST_KIB, None).ok()?;
    #[cfg(target_arch = "x86_64")]
    let mut reader = BcjReader::new_x86(reader, 0);
    #[cfg(target_arch = "aarch64")]
    let mut reader = BcjReader::new_arm64(reader, 0);
    let mut agent = Vec::with_capacity(packed.len() * 4);
    let mut buffer = [0; 16 << 10];
    loop {
        match reader.read(&mut buffer).ok()? {
            0 => return Some(agent),
            read => agent.extend_from_slice(&buffer[..read]),
        }
    }
}

/// From memory, which leaves nothing behind; where that is forbidden (SELinux, some sandboxes), from a volume.
fn execute_agent(agent: &[u8], arguments: &[Text]) -> i32 {
    let in_memory = match system::create_memory_file(agent) {
        Ok(file) => system::execute_file(file, arguments),
        Err(errno) => errno,
    };
    let in_file = match system::write_program(SCRATCH, agent) {
        Ok(()) => system::execute_path(SCRATCH, arguments),
        Err(errno) => errno,
    };
    report_error(b"the agent cannot be executed from memory", in_memory);
    report_error(b"the agent cannot be executed from /arcprobe/scratch", in_file)
}

/// The workstation shows the last lines that are no records.
fn report_error(problem: &[u8], errno: Errno) -> i32 {
    let mut line = Vec::new();
    line.extend_from_slice(b"arcprobe-loader: ");
    line.extend_from_slice(problem);
    if errno.0 != 0 {
        line.extend_from_slice(b": error ");
        line.extend_from_slice(errno.to_digits().as_slice());
        line.extend_from_slice(errno.name());
    }
    line.push(b'\n');
    system::write_stderr(&line);
    FAILED
}

/// A volume that the pod has for this.
const SCRATCH: Text = Text::of(b"/arcprobe/scratch/agent\0");

/// Of memory, in KiB; the dictionary is as large as the agent.
const LARGEST_KIB: u32 = 64 << 10;

/// EX_SOFTWARE of sysexits.h.
const FAILED: i32 = 70;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    system::write_stderr(b"arcprobe-loader: a defect of the loader\n");
    system::exit(FAILED)
}
