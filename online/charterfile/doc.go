// Package charterfile is the language in which a treasurer writes a charter: one
// YAML file that says every word of shared/charter, and nothing else.
//
// The file is where people edit; what is signed is the canonical document that
// Parse makes of it, and what people review is the text that is generated from
// that document. So Parse refuses whatever could mean more than it shows
// (anchors, aliases, tags, unknown keys, numbers without a unit), and every
// problem has a line, a column and what to write instead. Write is the inverse:
// Parse(Write(d)) is d.
//
// What people do not decide in the file comes from elsewhere: stations' keys,
// threshold, courier and network from enrolment; epoch, prior charter, retired
// instances and lifted freezes from the amendment that is drafted.
package charterfile
