pub mod normalize;
pub mod query;
