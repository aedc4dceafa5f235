package pemtext

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Limit is how many bytes a text may have: many times what a bundle of all public
// authorities has, with their certificates in words.
const Limit = 8 << 20

// Block is one block of a text.
type Block struct {
	Type   string // as in its BEGIN: CERTIFICATE
	Number int    // among the blocks of the text, from 1
	Line   int    // of its BEGIN, from 1
	Bytes  []byte // what its base64 stands for

	encrypted bool // by a header of its own
}

// bad is an error about the block.
func (b *Block) bad(k Kind, err error, format string, args ...any) error {
	return &Error{Kind: k, Block: b.Number, Line: b.Line, Reason: fmt.Sprintf(format, args...), Err: err}
}

const (
	begin = "-----BEGIN"
	end   = "-----END"
	rule  = "-----"
)

// maxType bounds what an error quotes of a block's type, in bytes.
const maxType = 60

// Blocks returns the blocks of a text, all of them; there may be none. The error is an
// *Error. The time that it takes is in proportion to the length of the text.
func Blocks(text []byte) ([]Block, error) {
	if len(text) > Limit {
		return nil, &Error{Reason: fmt.Sprintf("it has %d bytes, and %d are the most", len(text), Limit)}
	}
	if err := notText(text); err != nil {
		return nil, err
	}
	s := scanner{text: text, line: 1}
	var blocks []Block
	for {
		at := bytes.Index(s.text, []byte(begin))
		if at < 0 {
			return blocks, s.between(s.text)
		}
		if err := s.between(s.text[:at]); err != nil {
			return nil, err
		}
		s.skip(at)
		b := Block{Number: len(blocks) + 1, Line: s.line}
		if err := s.block(&b); err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
}

// scanner is the rest of a text.
type scanner struct {
	text []byte
	line int  // of its beginning
	cr   bool // the byte before it ended a line with a CR
}

// skip goes on by n bytes.
func (s *scanner) skip(n int) {
	for _, c := range s.text[:n] {
		if c == '\r' || c == '\n' && !s.cr {
			s.line++
		}
		s.cr = c == '\r'
	}
	s.text = s.text[n:]
}

// block reads the block at the beginning of the rest.
func (s *scanner) block(b *Block) error {
	head := s.text[len(begin):]
	eol := bytes.IndexAny(head, "\r\n")
	if eol < 0 {
		eol = len(head)
	}
	name, _, closed := bytes.Cut(head[:eol], []byte(rule))
	if b.Type = string(bytes.Trim(name, " \t")); !closed || b.Type == "" || name[0] != ' ' {
		return b.bad(Malformed, nil, "its BEGIN line is not whole: %s", printable.Quote(begin+string(head[:min(eol, maxType)]), maxType))
	}
	s.skip(len(begin) + len(name) + len(rule))
	if s.shared() {
		return b.bad(Malformed, nil, "its BEGIN line runs into the next one")
	}
	stop := bytes.Index(s.text, []byte(end))
	inside := s.text
	if stop >= 0 {
		inside = inside[:stop]
	}
	if next := bytes.Index(inside, []byte(begin)); stop < 0 || next >= 0 {
		return b.bad(Malformed, nil, "the %s has no end: the text is cut off, or lines of it are missing", quoted(b.Type))
	}
	if err := s.body(b, inside); err != nil {
		return err
	}
	s.skip(stop)
	name, _, closed = bytes.Cut(s.text[len(end):min(len(s.text), len(end)+len(b.Type)+64)], []byte(rule))
	switch {
	case !closed || bytes.ContainsAny(name, "\r\n"):
		return b.bad(Malformed, nil, "the END in line %d is not whole", s.line)
	case string(bytes.Trim(name, " \t")) != b.Type:
		return b.bad(Malformed, nil, "it begins as %s and ends in line %d as %s", quoted(b.Type), s.line, quoted(string(bytes.TrimSpace(name))))
	}
	if s.skip(len(end) + len(name) + len(rule)); s.shared() {
		return b.bad(Malformed, nil, "its END in line %d has lost dashes to the BEGIN behind it: put them into two lines", s.line)
	}
	return nil
}

// shared reports whether the dashes just passed are those of a BEGIN too.
func (s *scanner) shared() bool { return bytes.HasPrefix(s.text, []byte(begin[len(rule):])) }

// quoted is the type of a block, for a text.
func quoted(name string) string { return printable.Line(name, maxType) }

// body reads what is between BEGIN and END: headers, if there are any, and base64.
func (s *scanner) body(b *Block, text []byte) error {
	in := scanner{text: text, line: s.line, cr: s.cr}
	for in.text = text; ; {
		eol := bytes.IndexAny(in.text, "\r\n")
		if eol < 0 {
			break
		}
		name, value, is := strings.Cut(string(in.text[:min(eol, 200)]), ":")
		if !is && len(bytes.TrimSpace(in.text[:eol])) > 0 {
			break // no header, and not empty: the base64 begins
		}
		if strings.EqualFold(strings.TrimSpace(name), "Proc-Type") && strings.Contains(value, "ENCRYPTED") {
			b.encrypted = true
		}
		in.skip(eol + 1)
	}
	packed := make([]byte, 0, len(in.text))
	for _, c := range in.text {
		if c == '=' || c == '+' || c == '/' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			packed = append(packed, c)
		} else if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			in.skip(bytes.IndexByte(in.text, c))
			return b.bad(Malformed, nil, "line %d has %s in it, which is no base64%s", in.line, printable.Quote(string(rune(c)), 4), aboutByte(c))
		}
	}
	var err error
	if b.Bytes, err = base64.StdEncoding.DecodeString(string(packed)); err != nil {
		b.Bytes, err = base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(packed, "=")))
	}
	if err != nil {
		return b.bad(Malformed, nil, "its base64 is not whole: characters are missing, or too many")
	}
	if len(b.Bytes) == 0 {
		return b.bad(Malformed, nil, "the %s is empty", quoted(b.Type))
	}
	return nil
}

// aboutByte says how a byte gets among base64.
func aboutByte(c byte) string {
	switch c {
	case '\\':
		return `: are its line ends written as \n, in two characters?`
	case '-':
		return ": is it the rest of an END line?"
	case '>', '|', '#', '"', '\'', ',':
		return ": is it quoted?"
	}
	return ""
}

// between looks at the text between two blocks, which may say anything but what looks like
// the beginning or the end of a block, or the inside of one.
func (s *scanner) between(text []byte) error {
	if err := s.markers(text); err != nil {
		return err
	}
	if at := bare.FindIndex(text); at != nil {
		s.skip(at[0])
		return &Error{Line: s.line, Reason: "base64 outside of any block: its BEGIN line is missing, or damaged"}
	}
	return nil
}

// markers looks for what looks like the beginning or the end of a block.
func (s *scanner) markers(text []byte) error {
	for at := 0; at < len(text); {
		n := bytes.IndexAny(text[at:], "BbEe")
		if n < 0 {
			return nil
		}
		at += n
		word := marker(text[:at], text[at:])
		if word == "" {
			at++
			continue
		}
		s.skip(at)
		return &Error{Line: s.line, Reason: fmt.Sprintf("a line that looks like %s, and is none: it must be %s, the type, and %s", word, rule+word, rule)}
	}
	return nil
}

// bare is a line of base64 with the beginning that DER has: a sequence.
var bare = regexp.MustCompile(`(?m)^[ \t]*M[A-Za-z0-9+/]{47,}={0,2}[ \t]*\r?$`)

// marker is BEGIN or END if one of them stands between before and after, with a type behind
// it, and dashes around.
func marker(before, after []byte) string {
	word := "BEGIN"
	if after[0] == 'E' || after[0] == 'e' {
		word = "END"
	}
	if len(after) < len(word) || !bytes.EqualFold(after[:len(word)], []byte(word)) {
		return ""
	}
	line := after[len(word):min(len(after), len(word)+maxType)]
	if eol := bytes.IndexAny(line, "\r\n"); eol >= 0 {
		line = line[:eol]
	}
	if line = bytes.ToUpper(line); !bytes.Contains(line, []byte("CERTIFICATE")) && !bytes.Contains(line, []byte("KEY")) {
		return ""
	}
	if bytes.Contains(line, []byte("--")) {
		return word
	}
	before = bytes.TrimRight(before[max(0, len(before)-16):], " \t")
	for _, dash := range []string{"-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212"} {
		if bytes.HasSuffix(before, []byte(dash)) {
			return word
		}
	}
	return ""
}
