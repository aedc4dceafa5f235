package sidecarconf

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxDepth is how deep blocks and lists may be in one another. A setting needs three.
const maxDepth = 16

// plain reports whether a file has nothing but blocks and values in it. What is computed has no
// use here, and may take any time and memory: the parser and the evaluation of HCL bound neither
// how deep expressions are nor how much they make.
func (r *reader) plain() bool {
	tokens, _ := hclsyntax.LexConfig(r.text, r.path, hcl.InitialPos) // the parser reports what is wrong
	depth, before := 0, hclsyntax.TokenNil
	for _, t := range tokens {
		sign := t.Type == hclsyntax.TokenMinus && (before == hclsyntax.TokenEqual || before == hclsyntax.TokenComma || before == hclsyntax.TokenOBrack)
		if before = t.Type; sign {
			continue // of a number
		}
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack:
			if depth++; depth > maxDepth {
				r.bad(t.Range, "", fmt.Sprintf("blocks and lists are more than %d deep in one another", maxDepth), "close them, or see the example in docs/sidecar")
				return false
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack:
			depth--
		case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenEqual, hclsyntax.TokenComma, hclsyntax.TokenDot,
			hclsyntax.TokenOQuote, hclsyntax.TokenCQuote, hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit,
			hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc, hclsyntax.TokenComment, hclsyntax.TokenNewline, hclsyntax.TokenEOF,
			hclsyntax.TokenInvalid, hclsyntax.TokenBadUTF8, hclsyntax.TokenQuotedNewline, hclsyntax.TokenApostrophe,
			hclsyntax.TokenBacktick, hclsyntax.TokenSemicolon, hclsyntax.TokenTabs:
		default:
			r.bad(t.Range, "", fmt.Sprintf("%q is no part of a value", t.Bytes), "give a text in quotes, a number, true or false, or a list of these")
			return false
		}
	}
	return true
}
