package sidecarconf

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/open-nomad/rpcproxy/internal/safefile"
)

// maxFile bounds the file, in bytes.
const maxFile = 1 << 20

// readFile reads the file into what was given, by key. It waits 5 s at most. warnings are
// about the file itself.
func readFile(ctx context.Context, path string) (all map[string]given, warnings []string, errs Errors) {
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: maxFile})
	if err != nil {
		return nil, nil, Errors{{File: path, Reason: "cannot be read: " + safefile.Why(err), Err: err}}
	}
	if f.Writable() {
		warnings = append(warnings, fmt.Sprintf("%s can be written by every user of this machine, who then chooses the servers: set its mode to 0644", path))
	}
	r := reader{path: path, text: f.Data, all: map[string]given{}}
	if !r.plain() {
		return nil, warnings, r.errs
	}
	parsed, diags := hclsyntax.ParseConfig(f.Data, path, hcl.InitialPos)
	r.report("", nil, diags)
	if !diags.HasErrors() {
		r.body("", parsed.Body)
	}
	return r.all, warnings, r.errs
}

// reader walks through a file.
type reader struct {
	path string
	text []byte
	all  map[string]given
	errs Errors
}

// body reads what is in the block whose path is prefix, with a dot at its end.
func (r *reader) body(prefix string, body hcl.Body) {
	schema, inner := schemaOf(prefix)
	content, diags := body.Content(schema)
	r.report(prefix, schema, diags)
	for _, name := range slices.Sorted(maps.Keys(content.Attributes)) {
		r.attribute(prefix+name, content.Attributes[name])
	}
	seen := map[string]bool{}
	for _, block := range content.Blocks {
		if seen[block.Type] {
			r.bad(block.TypeRange, prefix+block.Type, "is there twice", "put it all into one block")
		}
		seen[block.Type] = true
		if inner[block.Type] {
			r.body(prefix+block.Type+".", block.Body)
		}
	}
}

// schemaOf are the keys and the blocks in a block.
func schemaOf(prefix string) (*hcl.BodySchema, map[string]bool) {
	schema, inner := &hcl.BodySchema{}, map[string]bool{}
	for _, s := range settings {
		rest, within := strings.CutPrefix(s.key, prefix)
		if !within {
			continue
		}
		block, _, deeper := strings.Cut(rest, ".")
		switch {
		case !deeper:
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: rest})
		case !inner[block]:
			inner[block] = true
			schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: block})
		}
	}
	return schema, inner
}

// attribute reads one key.
func (r *reader) attribute(key string, a *hcl.Attribute) {
	value, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		r.report(key, nil, diags)
		return
	}
	if value.IsNull() {
		return // as if it were not there
	}
	g := given{file: r.path, line: a.NameRange.Start.Line, name: key}
	if isList(settingOf(key).field(defaults())) {
		if t := value.Type(); !t.IsTupleType() && !t.IsListType() {
			r.bad(a.NameRange, key, "is "+kindOf(t), `give a list, such as ["a", "b"]`)
			return
		}
		for _, each := range value.AsValueSlice() {
			text, ok := plain(each)
			if !ok {
				r.bad(a.NameRange, key, "has an element that is no text", `give a list of texts, such as ["a", "b"]`)
				return
			}
			g.values = append(g.values, strings.TrimSpace(text))
		}
	} else {
		text, ok := plain(value)
		if !ok {
			r.bad(a.NameRange, key, "is "+kindOf(value.Type()), "give one value")
			return
		}
		g.values = []string{text}
	}
	r.all[key] = g
}

// plain is the text of a single value.
func plain(value cty.Value) (string, bool) {
	if value.IsNull() || !value.IsKnown() || !value.Type().IsPrimitiveType() {
		return "", false
	}
	text, err := convert.Convert(value, cty.String)
	if err != nil {
		return "", false
	}
	return text.AsString(), true
}

// kindOf is a type in words.
func kindOf(t cty.Type) string {
	switch {
	case t.IsPrimitiveType():
		return "a single value"
	case t.IsTupleType() || t.IsListType():
		return "a list"
	}
	return "an object"
}

func (r *reader) bad(at hcl.Range, key, reason, advice string) {
	r.errs = append(r.errs, &Error{File: r.path, Line: at.Start.Line, Name: key, Reason: reason, Advice: advice})
}

// report takes over what the parser says of a key, or of a block, whose path ends with a dot.
func (r *reader) report(at string, schema *hcl.BodySchema, diags hcl.Diagnostics) {
	for _, d := range diags {
		e := &Error{File: r.path, Name: strings.TrimSuffix(at, "."), Reason: d.Summary, Advice: strings.Join(strings.Fields(d.Detail), " ")}
		if d.Subject != nil {
			e.Line = d.Subject.Start.Line
		}
		if e.Name != "" {
			e.Name += ":"
		}
		if schema != nil && d.Subject != nil && strings.HasPrefix(d.Summary, "Unsupported ") {
			r.unknown(e, at, string(d.Subject.SliceBytes(r.text)), schema)
		}
		r.errs = append(r.errs, e)
	}
}

// unknown says what is wrong with a name, in the block whose path is at.
func (r *reader) unknown(e *Error, at, name string, schema *hcl.BodySchema) {
	e.Name = at + name
	for _, a := range schema.Attributes {
		if a.Name == name {
			e.Reason, e.Advice = "is no block", "write "+name+" = and its value"
			return
		}
	}
	for _, b := range schema.Blocks {
		if b.Type == name {
			e.Reason, e.Advice = "is a block", "write "+name+" { and its settings }"
			return
		}
	}
	e.Reason, e.Advice = "is not known", nearest(at, name, schema)
}
