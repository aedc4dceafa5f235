package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

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
		return readSecret(cmd.Context(), "token-file", f.file)
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

// readSecret reads the file of a flag that holds a token and nothing else but space around it.
// No error repeats what is in it.
func readSecret(ctx context.Context, flag, path string) (string, error) {
	if printable.LooksSecret(path) {
		return "", fmt.Errorf("--%s: what is given looks like a token: write it into a file that only you can read, and give the file's name", flag)
	}
	text, err := readNamed(ctx, flag, path, maxSecret)
	if err != nil {
		return "", err
	}
	token, err := oneSecret(string(text))
	if err != nil {
		return "", fmt.Errorf("--%s: %s %w", flag, printable.Quote(path, printable.MaxText), err)
	}
	return token, nil
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

// maySecret reports whether a field of that name holds a secret.
func maySecret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "secret")
}
