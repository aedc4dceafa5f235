package sidecarconf

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// nearest is what to give in place of a key that is not known, in the block whose path is at.
func nearest(at, name string, schema *hcl.BodySchema) string {
	var here []string
	for _, a := range schema.Attributes {
		here = append(here, a.Name)
	}
	for _, b := range schema.Blocks {
		here = append(here, b.Type)
	}
	if best := closest(name, here); best != "" {
		return "did you mean " + at + best + "?"
	}
	// It may belong into another block.
	var last, keys []string
	for _, s := range settings {
		last, keys = append(last, s.key[strings.LastIndexByte(s.key, '.')+1:]), append(keys, s.key)
	}
	if best := closest(name, last); best != "" {
		return "did you mean " + keys[slices.Index(last, best)] + "?"
	}
	slices.Sort(here)
	return "known here are " + strings.Join(here, ", ")
}

// closest is the one of known that is most like name; empty if none is like it.
func closest(name string, known []string) string {
	best, least := "", min(3, len(name)) // so many characters differ
	for _, k := range known {
		if d := levenshtein.Distance(name, k, nil); d < least {
			best, least = k, d
		}
	}
	return best
}
