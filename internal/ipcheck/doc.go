// Package ipcheck knows the IP addresses that no server has.
package ipcheck
