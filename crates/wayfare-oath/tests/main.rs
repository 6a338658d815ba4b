//! Codes against the vectors of the RFCs and against `oathtool`.

#[cfg(test)]
mod oathtool;
#[cfg(test)]
mod vectors;
