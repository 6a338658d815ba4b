//! What exploration refutes, the checks refute.
