package station

// Version is what a charter that names the versions which may sign calls this
// program.
const Version = "0.3"
