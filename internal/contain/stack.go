package contain

import (
	"bytes"
	"runtime/debug"
)

// maxStack bounds a stack that is kept, in bytes. Where the panic was comes first in it.
const maxStack = 8 << 10

// Stack is the stack of the goroutine that calls it, as debug.Stack writes it, up to 8 KiB
// of whole lines.
func Stack() []byte {
	stack := debug.Stack()
	if len(stack) <= maxStack {
		return stack
	}
	end := bytes.LastIndexByte(stack[:maxStack], '\n') + 1
	return append(bytes.Clone(stack[:end]), "...\n"...)
}

// site is the line of code that panicked, as the stack has it; empty: it is not known.
func (p *Panic) site() string {
	_, below, _ := bytes.Cut(p.Stack, []byte("\npanic("))
	lines := bytes.SplitN(below, []byte("\n"), 5) // the rest of that line, its place; the caller, its place
	if len(lines) < 5 {
		return ""
	}
	at, _, _ := bytes.Cut(bytes.TrimSpace(lines[3]), []byte(" +0x"))
	return string(at)
}
