package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// tokenVariable is the variable of the environment that holds an ACL token, as for
// Nomad's own program.
const tokenVariable = "NOMAD_TOKEN"

// tokenFlags are how a command gets an ACL token. No flag takes the token itself: what is
// on a command line every user of the machine can read.
type tokenFlags struct{ file string }

func (f *tokenFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "token-file", "", "file with the ACL token, in place of the variable "+tokenVariable)
}

// token is that of the file, else that of the environment; empty: there is none.
func (f *tokenFlags) token(cmd *cobra.Command) (string, error) {
	if cmd.Flags().Changed("token-file") {
		token, err := readSecret(f.file)
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		return token, nil
	}
	text := os.Getenv(tokenVariable)
	if text == "" {
		return "", nil
	}
	token, err := oneSecret(text)
	if err != nil {
		return "", fmt.Errorf("the variable %s %w", tokenVariable, err)
	}
	return token, nil
}

// maxSecret bounds a file that holds a token, in bytes.
const maxSecret = 64 << 10

// readSecret reads a file that holds a token and nothing else but space around it. The
// file is a regular one or a pipe. No error repeats what is in it.
func readSecret(path string) (string, error) {
	if printable.LooksSecret(path) {
		return "", errors.New("what is given looks like a token: write it into a file that only you can read, and give the file's name")
	}
	name := printable.Quote(path, printable.MaxText)
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", name, cause(err))
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := readBounded(f, maxSecret)
	if err != nil {
		return "", fmt.Errorf("%s %w", name, err)
	}
	token, err := oneSecret(string(text))
	if err != nil {
		return "", fmt.Errorf("%s %w", name, err)
	}
	return token, nil
}

// readBounded reads all of a regular file or a pipe.
func readBounded(f *os.File, most int64) ([]byte, error) {
	about, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	if m := about.Mode(); !m.IsRegular() && m&os.ModeNamedPipe == 0 {
		return nil, errors.New("is neither a file nor a pipe")
	}
	return readAll(f, most)
}

// readAll reads all of r.
func readAll(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	case int64(len(text)) > most:
		return nil, fmt.Errorf("is larger than %d bytes", most)
	}
	return text, nil
}

// oneSecret is the token in a text, which holds nothing else.
func oneSecret(text string) (string, error) {
	token := strings.TrimSpace(text)
	switch {
	case token == "":
		return "", errors.New("holds no token: it is empty")
	case strings.ContainsAny(token, "\r\n"):
		return "", errors.New("has more than one line: write nothing but the token there")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", errors.New("holds a character that no token has: write it there as it was issued")
	}
	return token, nil
}

// cause is the error of the system behind one that repeats the name of its file.
func cause(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = path.Err
	}
	return contain.Error(err)
}

// maySecret reports whether a field of that name holds a secret.
func maySecret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "secret")
}
