//go:build !unix

package main

// special are oddities that only other systems have.
func special() []oddity { return nil }
